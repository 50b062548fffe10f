/* Does to a mapped window what a test cannot time from outside. Usage: mapped-window-check CASE FILE; exits with 0 where all is as it must be. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

/* The file is in memory, since it has just been written; not every file system says so. */
#undef RWF_NOWAIT
#define RWF_NOWAIT 0
#include "../../src/hashing/native/mapped-window.c"

#define MIB ((size_t)1024 * 1024)
#define FILE_BYTES (8 * MIB)

static void expect(bool right, const char *what) {
  if (right) return;
  fprintf(stderr, "not so: %s\n", what);
  exit(1);
}

static int made(const char *path) {
  int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  uint8_t *bytes = malloc(FILE_BYTES);
  expect(file >= 0 && bytes != NULL, "the file can be made");
  memset(bytes, 7, FILE_BYTES);
  expect(write(file, bytes, FILE_BYTES) == (ssize_t)FILE_BYTES, "the file can be written");
  free(bytes);
  return file;
}

static unsigned sum(const volatile uint8_t *bytes, size_t size) {
  unsigned total = 0;
  for (size_t at = 0; at < size; at += 512) total += bytes[at];
  return total;
}

static void touch_a_map_that_ended(int file) {
  const uint8_t *map = mmap(NULL, FILE_BYTES, PROT_READ, MAP_SHARED, file, 0);
  expect(map != MAP_FAILED && ftruncate(file, 0) == 0, "a file can be mapped and cut");
  sum(map, FILE_BYTES);
}

static void exit_with_42(int number, siginfo_t *info, void *context) {
  (void)context;
  _exit(number == SIGBUS && info->si_code > 0 ? 42 : 1);
}

static void exit_with_43(int number) { _exit(number == SIGBUS ? 43 : 1); }

static void shows_and_moves(int file) {
  struct window window;
  window_open(&window, file);
  for (size_t at = 0; at + MIB / 2 <= FILE_BYTES; at += MIB / 2) {
    const uint8_t *shown = window_show(&window, at, MIB / 2);
    expect(shown != NULL && sum(shown, MIB / 2) == 7 * MIB / 1024 && window_held(&window), "the window shows the file");
  }
  expect(window_show(&window, FILE_BYTES - 5, 6) == NULL, "nothing is shown past the end");
  expect(window_show(&window, MIB + 1, MIB) != NULL, "a window may begin anywhere");
  window_close(&window);
}

static void cut(int file) {
  struct window window, other;
  window_open(&window, file);
  window_open(&other, file);
  const uint8_t *shown = window_show(&window, MIB, MIB);
  expect(shown != NULL && ftruncate(file, 3) == 0, "the file is shown and cut");
  expect(sum(shown, MIB) == 0, "zeros stand in the place of what was cut");
  expect(!window_held(&window) && window_held(&other), "that window is over, and no other one");
  expect(window_show(&window, 0, 3) == NULL, "it shows nothing more");
  expect(window_show(&other, 0, 3) != NULL, "another one shows what is left");
  window_close(&window);
  window_close(&other);
  window_open(&window, file);
  expect(window_held(&window) && window_show(&window, 0, 3) != NULL, "one in the same place begins anew");
  window_close(&window);
}

static void too_many(int file) {
  static struct window windows[300];
  size_t shown = 0;
  for (size_t at = 0; at < 300; at++) {
    window_open(&windows[at], file);
    if (window_show(&windows[at], 0, 1) != NULL) shown++;
  }
  expect(shown == 256, "256 windows at once");
  for (size_t at = 0; at < 300; at++) window_close(&windows[at]);
}

int main(int count, char **words) {
  expect(count == 3, "a case and a file are given");
  const char *name = words[1];
  struct sigaction ignored = {.sa_handler = SIG_IGN}, with_information = {.sa_sigaction = exit_with_42, .sa_flags = SA_SIGINFO};
  int file = made(words[2]);
  struct window window;
  if (strcmp(name, "shows") == 0) return shows_and_moves(file), 0;
  if (strcmp(name, "cut") == 0) return cut(file), 0;
  if (strcmp(name, "too many") == 0) return too_many(file), 0;
  if (strcmp(name, "foreign, with information") == 0) sigaction(SIGBUS, &with_information, NULL);
  if (strcmp(name, "foreign, with the number") == 0) signal(SIGBUS, exit_with_43);
  if (strcmp(name, "sent, ignored") == 0) sigaction(SIGBUS, &ignored, NULL);
  window_open(&window, file);
  expect(window_show(&window, 0, MIB) != NULL, "the window shows the file");
  if (strcmp(name, "replaced") == 0) {
    struct window later;
    sigaction(SIGBUS, &with_information, NULL);
    window_open(&later, file);
    expect(window_show(&later, 0, MIB) == NULL, "nothing is mapped without the guard");
    return 0;
  }
  if (strncmp(name, "sent", 4) == 0) return raise(SIGBUS);
  touch_a_map_that_ended(file);
  return 1;
}
