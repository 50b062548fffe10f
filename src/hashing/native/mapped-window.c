/* See mapped-window.h. The guard: a thread that touches a page which the file has no longer gets SIGBUS; the handler puts zeros in the place of the
 * whole window and notes it, so that the thread runs on to where it asks window_held(). Nothing jumps, and no lock is taken in the handler. */
#include "mapped-window.h"

#include <sys/uio.h>

#if defined(__linux__) && defined(RWF_NOWAIT)

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>

/* Mapped pages count as this process's memory, so it is small; a multiple of what one entry of a page table can map where the cache has it in one. */
#define WINDOW_BYTES ((uint64_t)4 * 1024 * 1024)
#define LARGE_PAGE ((uint64_t)2 * 1024 * 1024)
/* Threads that map at the same time; those above it read. */
#define MOST_WINDOWS 256

/* Where SIGBUS is ours. `base` stays as it is while its thread has a window; what is mapped there changes. */
struct guarded {
  _Atomic uintptr_t base;
  _Atomic bool broken;
};

static struct guarded all[MOST_WINDOWS];
static struct sigaction earlier;
static pthread_once_t installed = PTHREAD_ONCE_INIT;

/* As if this handler were not there. One that has no other handler before it faults again at once, and then ends the process as the system does. */
static void hand_on(int number, siginfo_t *info, void *context) {
  bool sent = info->si_code <= 0; /* by a process, and not by an access */
  if ((earlier.sa_flags & SA_SIGINFO) != 0) return earlier.sa_sigaction(number, info, context);
  if (earlier.sa_handler != SIG_DFL && earlier.sa_handler != SIG_IGN) return earlier.sa_handler(number);
  if (sent && earlier.sa_handler == SIG_IGN) return;
  struct sigaction none = {.sa_handler = SIG_DFL};
  sigaction(number, &none, NULL);
  if (sent) raise(number);
}

/* Takes only what is safe in a signal handler: atomics without locks and system calls. An address lies in one window, which is one thread's. */
static void on_bus_error(int number, siginfo_t *info, void *context) {
  int saved = errno;
  uintptr_t at = (uintptr_t)info->si_addr;
  for (size_t index = 0; info->si_code > 0 && index < MOST_WINDOWS; index++) {
    uintptr_t base = atomic_load(&all[index].base);
    if (base == 0 || at < base || at - base >= WINDOW_BYTES) continue;
    atomic_store(&all[index].broken, true);
    if (mmap((void *)base, WINDOW_BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) break;
    errno = saved;
    return;
  }
  hand_on(number, info, context);
  errno = saved;
}

/* Once and for good: the addon is never unloaded, and faults of others go where they went before. */
static void install(void) {
  struct sigaction ours = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK};
  sigemptyset(&ours.sa_mask);
  sigaction(SIGBUS, &ours, &earlier);
}

/* False where somebody has put another handler in its place since, which would not know of windows. */
static bool is_guarded(void) {
  struct sigaction current;
  pthread_once(&installed, install);
  return sigaction(SIGBUS, NULL, &current) == 0 && (current.sa_flags & SA_SIGINFO) != 0 && current.sa_sigaction == on_bus_error;
}

/* Addresses for a window, at a multiple of a large page. */
static uint8_t *reserve(void) {
  uint8_t *room = mmap(NULL, WINDOW_BYTES + LARGE_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED) return NULL;
  uint8_t *base = (uint8_t *)(((uintptr_t)room + LARGE_PAGE - 1) & ~(uintptr_t)(LARGE_PAGE - 1));
  size_t before = (size_t)(base - room);
  if (before > 0) munmap(room, before);
  if (before < LARGE_PAGE) munmap(base + WINDOW_BYTES, LARGE_PAGE - before);
  return base;
}

static struct guarded *guard(uint8_t *base) {
  for (size_t index = 0; index < MOST_WINDOWS; index++) {
    uintptr_t none = 0;
    if (!atomic_compare_exchange_strong(&all[index].base, &none, (uintptr_t)base)) continue;
    atomic_store(&all[index].broken, false);
    return &all[index];
  }
  return NULL;
}

void window_open(struct window *window, int descriptor) {
  *window = (struct window){.descriptor = descriptor};
  if (!is_guarded() || (window->base = reserve()) == NULL) return;
  window->guarded = guard(window->base);
  if (window->guarded == NULL) {
    munmap(window->base, WINDOW_BYTES);
    window->base = NULL;
    return;
  }
  sigset_t faults; /* a blocked one would end the process */
  sigemptyset(&faults);
  sigaddset(&faults, SIGBUS);
  pthread_sigmask(SIG_UNBLOCK, &faults, NULL);
}

/* Whether the byte is in memory. Reading is better where it is not: the system reads ahead further. Not every file system
 * answers this, network ones least of all: there everything is read. */
static bool is_at_hand(int descriptor, uint64_t offset) {
  uint8_t byte;
  struct iovec into = {.iov_base = &byte, .iov_len = 1};
  return preadv2(descriptor, &into, 1, (off_t)offset, RWF_NOWAIT) == 1;
}

const uint8_t *window_show(struct window *window, uint64_t offset, size_t size) {
  if (window->base == NULL || atomic_load(&window->guarded->broken)) return NULL;
  if (!is_at_hand(window->descriptor, offset + size - 1)) return NULL;
  if (window->length == 0 || offset < window->from || offset + size > window->from + window->length) {
    window->length = 0;
    uint64_t from = offset & ~(LARGE_PAGE - 1);
    if (offset + size > from + WINDOW_BYTES) return NULL;
    if (mmap(window->base, WINDOW_BYTES, PROT_READ, MAP_SHARED | MAP_FIXED, window->descriptor, (off_t)from) == MAP_FAILED) return NULL;
    window->from = from;
    window->length = WINDOW_BYTES;
  }
  return window->base + (offset - window->from);
}

bool window_held(struct window *window) { return !atomic_load(&window->guarded->broken); }

void window_close(struct window *window) {
  if (window->base == NULL) return;
  atomic_store(&window->guarded->base, 0);
  munmap(window->base, WINDOW_BYTES);
}

#else /* reads alone: nobody has tried it there */

void window_open(struct window *window, int descriptor) { *window = (struct window){.descriptor = descriptor}; }
const uint8_t *window_show(struct window *window, uint64_t offset, size_t size) { return (void)window, (void)offset, (void)size, NULL; }
bool window_held(struct window *window) { return (void)window, false; }
void window_close(struct window *window) { (void)window; }

#endif
