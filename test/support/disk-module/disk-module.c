/*
 * A disk that fails as it is told to: put before the C library by LD_PRELOAD, it looks at what a process writes to its files.
 *
 * DISK_MODULE_CONTROL names a file with one fault a line; without the file nothing fails:
 *
 *   STEP SUFFIX FIRST TIMES ACTION
 *
 * STEP is write (write, pwrite and their kin), sync (fsync, fdatasync) or rename; SUFFIX is how the file's path ends, `*` for any. The calls
 * number FIRST to FIRST + TIMES - 1 since the file was put there fail; without end where TIMES is 0. ACTION is an error's number (errno),
 * `kill-before` or `kill-after`: the process is gone as by SIGKILL, before or after what it asked for was done. The file is replaced, never
 * rewritten. A line that is not understood ends the process: a test must not pass because its fault was misspelt. Beside it a file with the
 * same name and `.hit` is made when a fault has come true.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum step { WRITE, SYNC, RENAME };
static const char *const STEPS[] = { "write", "sync", "rename" };
enum action { GO_ON, FAIL, KILL_BEFORE, KILL_AFTER };

struct line {
  enum step step;
  char suffix[128];
  unsigned long first, times, calls;
  enum action action;
  int error;
};

#define MAX_LINES 16
static struct line lines[MAX_LINES];
static int line_count;
static ino_t control_inode;
static struct timespec control_time;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void parse(struct line *line, const char *text) {
  char step[16], action[16];
  int fields = sscanf(text, "%15s %127s %lu %lu %15s", step, line->suffix, &line->first, &line->times, action);
  int found = 0;
  for (int i = 0; fields == 5 && i < 3; i++) {
    if (strcmp(step, STEPS[i]) != 0) continue;
    line->step = (enum step)i;
    found = 1;
  }
  line->calls = 0;
  line->error = atoi(action);
  line->action = line->error > 0 ? FAIL : strcmp(action, "kill-before") == 0 ? KILL_BEFORE : strcmp(action, "kill-after") == 0 ? KILL_AFTER : GO_ON;
  if (found && line->action != GO_ON) return;
  fprintf(stderr, "disk module: cannot read the line: %s", text);
  abort();
}

static void refresh(const char *control) {
  struct stat now;
  if (stat(control, &now) != 0) {
    line_count = 0;
    control_inode = 0;
    return;
  }
  if (now.st_ino == control_inode && now.st_mtim.tv_sec == control_time.tv_sec && now.st_mtim.tv_nsec == control_time.tv_nsec) return;
  FILE *file = fopen(control, "re");
  if (file == NULL) return;
  char text[256];
  for (line_count = 0; line_count < MAX_LINES && fgets(text, sizeof text, file) != NULL; line_count++) parse(&lines[line_count], text);
  fclose(file);
  control_inode = now.st_ino;
  control_time = now.st_mtim;
}

static int ends_with(const char *path, const char *suffix) {
  size_t length = strlen(path), wanted = strlen(suffix);
  return strcmp(suffix, "*") == 0 || (length >= wanted && strcmp(path + length - wanted, suffix) == 0);
}

static void leave_mark(const char *control) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s.hit", control);
  int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file >= 0) close(file);
}

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

/* Counts the call. Gone where the process is to die before it; else what is to come of it. */
static enum action enter(enum step step, const char *path, int *error) {
  const char *control = getenv("DISK_MODULE_CONTROL");
  if (control == NULL) return GO_ON;
  int before = errno;
  enum action action = GO_ON;
  pthread_mutex_lock(&mutex);
  refresh(control);
  for (int i = 0; i < line_count; i++) {
    struct line *line = &lines[i];
    if (line->step != step || !ends_with(path, line->suffix)) continue;
    unsigned long call = ++line->calls;
    if (action != GO_ON || call < line->first || (line->times != 0 && call - line->first >= line->times)) continue;
    action = line->action;
    *error = line->error;
  }
  pthread_mutex_unlock(&mutex);
  if (action != GO_ON) leave_mark(control);
  if (action == KILL_BEFORE) die();
  errno = action == FAIL ? *error : before;
  return action;
}

/* Pipes and sockets are no disk. A signal handler writes to one (libuv's does) and may have come while this thread held the mutex. */
static int is_on_disk(int file) {
  int before = errno;
  struct stat about;
  int found = fstat(file, &about) == 0 && (S_ISREG(about.st_mode) || S_ISDIR(about.st_mode));
  errno = before;
  return found;
}

static enum action enter_file(enum step step, int file, int *error) {
  if (!is_on_disk(file)) return GO_ON;
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  path[length < 0 ? 0 : length] = '\0';
  return enter(step, path, error);
}

#define REAL(name, type) \
  static type real; \
  if (real == NULL) real = (type)dlsym(RTLD_NEXT, name)

#define FILE_CALL(step, call) \
  int error = 0; \
  enum action action = enter_file(step, file, &error); \
  if (action == FAIL) return -1; \
  ssize_t result = call; \
  if (action == KILL_AFTER) die(); \
  return result

typedef ssize_t (*write_call)(int, const void *, size_t);
typedef ssize_t (*pwrite_call)(int, const void *, size_t, off_t);
typedef ssize_t (*writev_call)(int, const struct iovec *, int);
typedef ssize_t (*pwritev_call)(int, const struct iovec *, int, off_t);
typedef int (*sync_call)(int);
typedef int (*rename_call)(const char *, const char *);

ssize_t write(int file, const void *bytes, size_t count) {
  REAL("write", write_call);
  FILE_CALL(WRITE, real(file, bytes, count));
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t at) {
  REAL("pwrite", pwrite_call);
  FILE_CALL(WRITE, real(file, bytes, count, at));
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off_t at) {
  REAL("pwrite64", pwrite_call);
  FILE_CALL(WRITE, real(file, bytes, count, at));
}

ssize_t writev(int file, const struct iovec *parts, int count) {
  REAL("writev", writev_call);
  FILE_CALL(WRITE, real(file, parts, count));
}

ssize_t pwritev(int file, const struct iovec *parts, int count, off_t at) {
  REAL("pwritev", pwritev_call);
  FILE_CALL(WRITE, real(file, parts, count, at));
}

ssize_t pwritev64(int file, const struct iovec *parts, int count, off_t at) {
  REAL("pwritev64", pwritev_call);
  FILE_CALL(WRITE, real(file, parts, count, at));
}

int fsync(int file) {
  REAL("fsync", sync_call);
  FILE_CALL(SYNC, real(file));
}

int fdatasync(int file) {
  REAL("fdatasync", sync_call);
  FILE_CALL(SYNC, real(file));
}

int rename(const char *from, const char *to) {
  REAL("rename", rename_call);
  int error = 0;
  enum action action = enter(RENAME, to, &error);
  if (action == FAIL) return -1;
  int result = real(from, to);
  if (action == KILL_AFTER) die();
  return result;
}
