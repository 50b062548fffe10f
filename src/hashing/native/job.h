/* One hashing of a range of an open file, and how its threads look at the file. */
#ifndef SEALSTONE_JOB_H
#define SEALSTONE_JOB_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <node_api.h>

#include "mapped-window.h"

/* What is read at once: small enough to be hashed while it is in the processor's cache. */
#define READ_BYTES ((size_t)512 * 1024)
#define MOST_THREADS 64
#define MOST_DIGEST_BYTES 64

/* How a job ended, where not with an error of the system (above 0). */
enum { DONE = 0, ENDED_EARLY = -1, STOPPED = -2, HASH_FAILED = -3 };

/* Its threads are its own and not of Node's pool: those Node waits for before anybody could stop them, when a worker is terminated. */
struct job {
  napi_env env;
  napi_threadsafe_function settle;
  napi_deferred deferred;
  pthread_t leader;
  napi_ref shared_ref;
  /* NULL: BLAKE3. */
  struct evp_md_st *algorithm;
  int descriptors[MOST_THREADS];
  uint32_t threads;
  uint64_t start, length;
  /* Two numbers that JavaScript shares: bytes hashed, and whether to stop. */
  _Atomic uint64_t *done, *stop;
  _Atomic int outcome;
  uint8_t digest[MOST_DIGEST_BYTES];
  uint32_t digest_bytes;
};

/* The first outcome stays; the other threads see it and end. */
void finish(struct job *job, int outcome);

/* Whether it has an outcome, or JavaScript wants it to stop. */
bool is_over(struct job *job);

/* What one thread looks at the file through. */
struct source {
  struct job *job;
  int descriptor;
  uint8_t *buffer;
  struct window window;
};

/* False, and the job is over, without memory. */
bool source_open(struct source *source, struct job *job, int descriptor);

/* Up to READ_BYTES: where they lie in memory, else read into the buffer. NULL, and the job is over, if they cannot be had. */
const uint8_t *source_show(struct source *source, uint64_t offset, size_t size);

/* Whether what was shown were the file's bytes; if not, source_read() has them, or the reason. */
bool source_held(struct source *source, const uint8_t *shown);

/* All of it in the buffer; NULL, and the job is over, if it cannot be read. */
const uint8_t *source_read(struct source *source, uint64_t offset, size_t size);

void source_close(struct source *source);

#endif
