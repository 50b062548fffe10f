/* See job.h. What the system has in memory is looked at where it lies, anything else is read. */
#include "job.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

void finish(struct job *job, int outcome) {
  int expected = DONE;
  atomic_compare_exchange_strong(&job->outcome, &expected, outcome);
}

bool is_over(struct job *job) {
  if (atomic_load_explicit(job->stop, memory_order_relaxed) != 0) finish(job, STOPPED);
  return atomic_load_explicit(&job->outcome, memory_order_relaxed) != DONE;
}

bool source_open(struct source *source, struct job *job, int descriptor) {
  void *buffer;
  if (posix_memalign(&buffer, 4096, READ_BYTES) != 0) return finish(job, ENOMEM), false;
  *source = (struct source){.job = job, .descriptor = descriptor, .buffer = buffer};
  window_open(&source->window, descriptor);
  return true;
}

const uint8_t *source_show(struct source *source, uint64_t offset, size_t size) {
  const uint8_t *shown = window_show(&source->window, offset, size);
  return shown != NULL ? shown : source_read(source, offset, size);
}

bool source_held(struct source *source, const uint8_t *shown) { return shown == source->buffer || window_held(&source->window); }

const uint8_t *source_read(struct source *source, uint64_t offset, size_t size) {
  for (size_t have = 0; have < size;) {
    ssize_t count = pread(source->descriptor, source->buffer + have, size - have, (off_t)(offset + have));
    if (count > 0) {
      have += (size_t)count;
    } else if (count == 0 || errno != EINTR) {
      finish(source->job, count == 0 ? ENDED_EARLY : errno);
      return NULL;
    }
  }
  return source->buffer;
}

void source_close(struct source *source) {
  window_close(&source->window);
  free(source->buffer);
}
