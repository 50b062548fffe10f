/*
 * What the fault module is told, and what it tells.
 *
 * FAULT_MODULE_COUNTS holds one record for each function, in memory that all processes share: its name (32 bytes, padded with zeros) and
 * how often it was called (8 bytes, in the machine's order). FAULT_MODULE_CONTROL holds one fault a line:
 *
 *   FUNCTION FIRST TIMES ACTION ARGUMENT
 *
 * The calls number FIRST to FIRST + TIMES - 1 of that function fail; without end where TIMES is 0. Numbers are hexadecimal. Actions:
 *   return RV   answers RV, the real module is not called
 *   after RV    calls the real module, then answers RV
 *   hang 0      never answers
 *   crash N     ends the process by signal N
 *   delay MS    waits, then calls the real module
 *   flip 0      changes a bit of the output (C_Sign, C_Encrypt, C_Decrypt …)
 *   lie TYPE    changes the value of this attribute (C_GetAttributeValue)
 *
 * The file is replaced, never rewritten, so one stat() a call tells whether it changed. Without the file nothing fails.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CK_PTR *
#define NULL_PTR NULL
#include <pkcs11.h>

enum {
#define CK_PKCS11_FUNCTION_INFO(name) INDEX_##name,
#include <pkcs11f.h>
#undef CK_PKCS11_FUNCTION_INFO
  FUNCTION_COUNT
};

static const char *const NAMES[] = {
#define CK_PKCS11_FUNCTION_INFO(name) #name,
#include <pkcs11f.h>
#undef CK_PKCS11_FUNCTION_INFO
};

enum action { NONE, RETURN, AFTER, HANG, CRASH, DELAY, FLIP, LIE };
static const char *const ACTIONS[] = { "none", "return", "after", "hang", "crash", "delay", "flip", "lie" };

struct fault {
  enum action action;
  unsigned long argument;
};

struct line {
  int function;
  unsigned long first, times;
  struct fault fault;
};

struct record {
  char name[32];
  uint64_t calls;
};

#define MAX_LINES 64
static struct line lines[MAX_LINES];
static int line_count;
static struct record *records;
static const char *control_path;
static ino_t control_inode;
static struct timespec control_time;
static pthread_mutex_t control_mutex = PTHREAD_MUTEX_INITIALIZER;

static int position(const char *const *names, int count, const char *name) {
  int i = 0;
  while (i < count && strcmp(names[i], name) != 0) i++;
  return i < count ? i : -1;
}

static int open_control(void) {
  const char *path = getenv("FAULT_MODULE_COUNTS");
  size_t size = FUNCTION_COUNT * sizeof *records;
  control_path = getenv("FAULT_MODULE_CONTROL");
  int file = path == NULL || control_path == NULL ? -1 : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return 0;
  void *memory = ftruncate(file, (off_t)size) == 0 ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED;
  close(file);
  if (memory == MAP_FAILED) return 0;
  records = memory;
  for (int i = 0; i < FUNCTION_COUNT; i++) strncpy(records[i].name, NAMES[i], sizeof records[i].name - 1);
  return 1;
}

/* A line that is not understood ends the process: a test must not pass because its fault was misspelt. */
static void read_lines(FILE *file) {
  char name[33], action[17], text[160];
  for (line_count = 0; line_count < MAX_LINES && fgets(text, sizeof text, file) != NULL; line_count++) {
    struct line *line = &lines[line_count];
    int fields = sscanf(text, "%32s %lx %lx %16s %lx", name, &line->first, &line->times, action, &line->fault.argument);
    line->function = position(NAMES, FUNCTION_COUNT, name);
    line->fault.action = (enum action)position(ACTIONS, sizeof ACTIONS / sizeof *ACTIONS, action);
    if (fields == 5 && line->function >= 0 && (int)line->fault.action > 0) continue;
    fprintf(stderr, "fault module: cannot read the line: %s", text);
    abort();
  }
}

/* When the file cannot be opened, as without free file descriptors, the lines that were read last stay. */
static void refresh(void) {
  struct stat now;
  if (stat(control_path, &now) != 0) {
    line_count = 0;
    control_inode = 0;
    return;
  }
#ifdef __APPLE__
  struct timespec changed = now.st_mtimespec;
#else
  struct timespec changed = now.st_mtim;
#endif
  if (now.st_ino == control_inode && changed.tv_sec == control_time.tv_sec && changed.tv_nsec == control_time.tv_nsec) return;
  FILE *file = fopen(control_path, "re");
  if (file == NULL) return;
  read_lines(file);
  fclose(file);
  control_inode = now.st_ino;
  control_time = changed;
}

static struct fault find_fault(int function) {
  unsigned long call = __atomic_add_fetch(&records[function].calls, 1, __ATOMIC_SEQ_CST);
  struct fault fault = { NONE, 0 };
  pthread_mutex_lock(&control_mutex);
  refresh();
  for (int i = 0; i < line_count && fault.action == NONE; i++) {
    const struct line *line = &lines[i];
    if (line->function == function && call >= line->first && (line->times == 0 || call - line->first < line->times)) fault = line->fault;
  }
  pthread_mutex_unlock(&control_mutex);
  return fault;
}

/* Counts the call. Answers what is to be returned at once, or CKR_OK to go on. */
static CK_RV enter(int function, struct fault *fault) {
  *fault = find_fault(function);
  switch (fault->action) {
    case RETURN:
      return fault->argument;
    case HANG:
      for (;;) pause();
    case CRASH:
      signal((int)fault->argument, SIG_DFL);
      raise((int)fault->argument);
      abort();
    case DELAY: {
      struct timespec wait = { (time_t)(fault->argument / 1000), (long)(fault->argument % 1000) * 1000000 };
      nanosleep(&wait, NULL);
      return CKR_OK;
    }
    default:
      return CKR_OK;
  }
}

static CK_RV answer(const struct fault *fault, CK_RV rv) { return fault->action == AFTER ? fault->argument : rv; }
