/* BLAKE3 of a range of an open file on several threads, for Node. The hash itself is the authors' code in upstream/; here are the threads,
 * the reads and the upper part of the tree (BLAKE3 specification, section 2.1): pieces of a power of two of chunks are subtrees of their own.
 * What the system has in memory is hashed where it lies (mapped-window.h), anything else is read. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <node_api.h>

#include "mapped-window.h"
#include "upstream/blake3_impl.h"

/* What is read at once: small enough to be hashed while it is in the processor's cache. */
#define READ_BYTES ((size_t)512 * 1024)
/* One chaining value is kept for each piece: 2 MiB for a file of one TiB. */
#define PIECE_BYTES ((uint64_t)16 * 1024 * 1024)
#define READS_IN_PIECE (PIECE_BYTES / READ_BYTES)
/* So that threads end at about the same time. */
#define PIECES_OF_THREAD 8
#define MOST_THREADS 64

/* How a job ended, where not with an error of the system (above 0). */
enum { DONE = 0, ENDED_EARLY = -1, STOPPED = -2 };

/* Its threads are its own and not of Node's pool: those Node waits for before anybody could stop them, when a worker is terminated. */
struct job {
  napi_env env;
  napi_threadsafe_function settle;
  napi_deferred deferred;
  pthread_t leader;
  napi_ref shared_ref;
  int descriptors[MOST_THREADS];
  uint32_t threads;
  uint64_t start, length, piece_bytes, pieces;
  uint8_t *piece_cvs;
  /* Two numbers that JavaScript shares: bytes hashed, and whether to stop. */
  _Atomic uint64_t *done, *stop;
  _Atomic uint64_t next_piece;
  _Atomic int outcome;
  uint8_t digest[BLAKE3_OUT_LEN];
};

struct thread {
  struct job *job;
  int descriptor;
  pthread_t id;
};

/* The first outcome stays; the other threads see it and end. */
static void finish(struct job *job, int outcome) {
  int expected = DONE;
  atomic_compare_exchange_strong(&job->outcome, &expected, outcome);
}

static bool is_over(struct job *job) {
  if (atomic_load_explicit(job->stop, memory_order_relaxed) != 0) finish(job, STOPPED);
  return atomic_load_explicit(&job->outcome, memory_order_relaxed) != DONE;
}

/* All of it or false. */
static bool read_at(struct job *job, int descriptor, uint8_t *buffer, size_t size, uint64_t offset) {
  for (size_t have = 0; have < size;) {
    ssize_t count = pread(descriptor, buffer + have, size - have, (off_t)(offset + have));
    if (count > 0) {
      have += (size_t)count;
    } else if (count == 0 || errno != EINTR) {
      finish(job, count == 0 ? ENDED_EARLY : errno);
      return false;
    }
  }
  return true;
}

/* Two become one and one that is left over rises as it is, until `most` are left. Right for a row of subtrees of equal size, the last of which
 * may be smaller: the left side of each node of the tree is a power of two of chunks. */
static size_t join(uint8_t *cvs, size_t count, size_t most) {
  while (count > most) {
    size_t made = 0, taken = 0;
    while (count - taken >= 2) {
      const uint8_t *pairs[MAX_SIMD_DEGREE];
      uint8_t parents[MAX_SIMD_DEGREE * BLAKE3_OUT_LEN];
      size_t many = (count - taken) / 2 < MAX_SIMD_DEGREE ? (count - taken) / 2 : MAX_SIMD_DEGREE;
      for (size_t at = 0; at < many; at++) pairs[at] = cvs + (taken + 2 * at) * BLAKE3_OUT_LEN;
      blake3_hash_many(pairs, many, 1, IV, 0, false, PARENT, 0, 0, parents);
      memcpy(cvs + made * BLAKE3_OUT_LEN, parents, many * BLAKE3_OUT_LEN);
      made += many;
      taken += 2 * many;
    }
    if (taken < count) memmove(cvs + made++ * BLAKE3_OUT_LEN, cvs + taken * BLAKE3_OUT_LEN, BLAKE3_OUT_LEN);
    count = made;
  }
  return count;
}

/* What a thread looks at its part of the file through. */
struct source {
  int descriptor;
  uint8_t *buffer;
  struct window window;
};

/* The chaining value of one subtree, below the root; false if it cannot be read. */
static bool hash_subtree(struct job *job, struct source *source, uint64_t at, size_t size, uint8_t cv[BLAKE3_OUT_LEN]) {
  uint8_t wide[MAX_SIMD_DEGREE_OR_2 * BLAKE3_OUT_LEN];
  uint64_t chunk = at / BLAKE3_CHUNK_LEN;
  const uint8_t *shown = window_show(&source->window, job->start + at, size);
  size_t cvs = shown == NULL ? 0 : blake3_compress_subtree_wide(shown, size, IV, chunk, 0, wide, false);
  if (shown == NULL || !window_held(&source->window)) {
    if (!read_at(job, source->descriptor, source->buffer, size, job->start + at)) return false;
    cvs = blake3_compress_subtree_wide(source->buffer, size, IV, chunk, 0, wide, false);
  }
  join(wide, cvs, 1);
  memcpy(cv, wide, BLAKE3_OUT_LEN);
  return true;
}

static void hash_piece(struct job *job, struct source *source, uint64_t piece) {
  uint8_t cvs[READS_IN_PIECE * BLAKE3_OUT_LEN];
  size_t reads = 0;
  uint64_t at = piece * job->piece_bytes;
  uint64_t end = job->length - at < job->piece_bytes ? job->length : at + job->piece_bytes;
  while (at < end) {
    size_t size = end - at < READ_BYTES ? (size_t)(end - at) : READ_BYTES;
    if (is_over(job) || !hash_subtree(job, source, at, size, cvs + reads++ * BLAKE3_OUT_LEN)) return;
    atomic_fetch_add_explicit(job->done, size, memory_order_relaxed);
    at += size;
  }
  join(cvs, reads, 1);
  memcpy(job->piece_cvs + piece * BLAKE3_OUT_LEN, cvs, BLAKE3_OUT_LEN);
}

/* Takes one piece after the other until none is left. */
static void *hash_pieces(void *argument) {
  struct thread *thread = argument;
  struct job *job = thread->job;
  struct source source = {.descriptor = thread->descriptor};
  void *buffer;
  if (posix_memalign(&buffer, 4096, READ_BYTES) != 0) {
    finish(job, ENOMEM);
    return NULL;
  }
  source.buffer = buffer;
  window_open(&source.window, source.descriptor);
  for (uint64_t piece; !is_over(job) && (piece = atomic_fetch_add(&job->next_piece, 1)) < job->pieces;) hash_piece(job, &source, piece);
  window_close(&source.window);
  free(buffer);
  return NULL;
}

static void hash_in_threads(struct job *job) {
  struct thread threads[MOST_THREADS];
  job->piece_cvs = calloc(job->pieces, BLAKE3_OUT_LEN);
  if (job->piece_cvs == NULL) return finish(job, ENOMEM);
  uint32_t started = 1;
  for (; started < job->threads; started++) {
    threads[started] = (struct thread){.job = job, .descriptor = job->descriptors[started]};
    if (pthread_create(&threads[started].id, NULL, hash_pieces, &threads[started]) != 0) break; /* those that are there do it all */
  }
  threads[0] = (struct thread){.job = job, .descriptor = job->descriptors[0]};
  hash_pieces(&threads[0]);
  for (uint32_t at = 1; at < started; at++) pthread_join(threads[at].id, NULL);
  if (atomic_load(&job->outcome) != DONE) return;
  join(job->piece_cvs, job->pieces, 2);
  uint32_t root[8];
  memcpy(root, IV, sizeof root);
  blake3_compress_in_place(root, job->piece_cvs, BLAKE3_BLOCK_LEN, 0, PARENT | ROOT);
  store_cv_words(job->digest, root);
}

/* Too short to be divided. */
static void hash_at_once(struct job *job) {
  uint8_t *buffer = malloc(READ_BYTES);
  if (buffer == NULL) return finish(job, ENOMEM);
  if (read_at(job, job->descriptors[0], buffer, (size_t)job->length, job->start)) {
    blake3_hasher hasher;
    blake3_hasher_init(&hasher);
    blake3_hasher_update(&hasher, buffer, (size_t)job->length);
    blake3_hasher_finalize(&hasher, job->digest, BLAKE3_OUT_LEN);
    atomic_fetch_add(job->done, job->length);
  }
  free(buffer);
}

static void hash(struct job *job) {
  if (job->length <= READ_BYTES) return hash_at_once(job);
  job->piece_bytes = READ_BYTES;
  while (job->piece_bytes < PIECE_BYTES && job->piece_bytes * 2 * job->threads * PIECES_OF_THREAD <= job->length) job->piece_bytes *= 2;
  job->pieces = (job->length + job->piece_bytes - 1) / job->piece_bytes;
  hash_in_threads(job);
}

static void release(struct job *job) {
  if (job->shared_ref != NULL) napi_delete_reference(job->env, job->shared_ref);
  free(job->piece_cvs);
  free(job);
}

/* The first of the job's threads. */
static void *lead(void *argument) {
  struct job *job = argument;
  hash(job);
  napi_threadsafe_function settle = job->settle;
  napi_call_threadsafe_function(settle, NULL, napi_tsfn_blocking);
  napi_release_threadsafe_function(settle, napi_tsfn_release);
  return NULL;
}

/* The environment ends before the job: a worker is terminated. Runs before the end of `settle`, which was there first. */
static void end_early(void *argument) {
  struct job *job = argument;
  atomic_store(job->stop, 1);
  pthread_join(job->leader, NULL);
  release(job);
}

/* Resolves with the digest, or the number that says why there is none. */
static void complete(napi_env env, napi_value callback, void *context, void *data) {
  (void)callback, (void)data;
  if (env == NULL) return; /* it has ended, and the job with it */
  struct job *job = context;
  pthread_join(job->leader, NULL);
  napi_remove_env_cleanup_hook(env, end_early, job);
  int outcome = atomic_load(&job->outcome);
  napi_value result;
  bool made = outcome == DONE ? napi_create_buffer_copy(env, BLAKE3_OUT_LEN, job->digest, NULL, &result) == napi_ok
                              : napi_create_int32(env, outcome, &result) == napi_ok;
  if (made) napi_resolve_deferred(env, job->deferred, result);
  release(job);
}

static bool read_arguments(napi_env env, napi_callback_info info, struct job *job) {
  size_t count = 4;
  napi_value arguments[4];
  int64_t start, length;
  bool is_array = false;
  napi_typedarray_type type;
  size_t numbers;
  void *shared;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok || count != 4) return false;
  if (napi_is_array(env, arguments[0], &is_array) != napi_ok || !is_array) return false;
  if (napi_get_array_length(env, arguments[0], &job->threads) != napi_ok || job->threads < 1 || job->threads > MOST_THREADS) return false;
  for (uint32_t at = 0; at < job->threads; at++) {
    napi_value descriptor;
    if (napi_get_element(env, arguments[0], at, &descriptor) != napi_ok) return false;
    if (napi_get_value_int32(env, descriptor, &job->descriptors[at]) != napi_ok) return false;
  }
  if (napi_get_value_int64(env, arguments[1], &start) != napi_ok || start < 0) return false;
  if (napi_get_value_int64(env, arguments[2], &length) != napi_ok || length < 0) return false;
  if (napi_get_typedarray_info(env, arguments[3], &type, &numbers, &shared, NULL, NULL) != napi_ok) return false;
  if (type != napi_bigint64_array || numbers != 2) return false;
  job->start = (uint64_t)start;
  job->length = (uint64_t)length;
  job->done = (_Atomic uint64_t *)shared;
  job->stop = job->done + 1;
  return napi_create_reference(env, arguments[3], 1, &job->shared_ref) == napi_ok;
}

static bool begin(napi_env env, struct job *job, napi_value *promise) {
  napi_value name;
  if (napi_create_string_utf8(env, "sealstone:blake3", NAPI_AUTO_LENGTH, &name) != napi_ok) return false;
  if (napi_create_promise(env, &job->deferred, promise) != napi_ok) return false;
  if (napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, job, complete, &job->settle) != napi_ok) return false;
  if (napi_add_env_cleanup_hook(env, end_early, job) == napi_ok) {
    if (pthread_create(&job->leader, NULL, lead, job) == 0) return true;
    napi_remove_env_cleanup_hook(env, end_early, job);
  }
  napi_release_threadsafe_function(job->settle, napi_tsfn_abort);
  return false;
}

/* hashRange(descriptors, start, length, shared): a thread for each descriptor, all of the same file; start and length in bytes. */
static napi_value hash_range(napi_env env, napi_callback_info info) {
  napi_value promise;
  struct job *job = calloc(1, sizeof *job);
  if (job == NULL) {
    napi_throw_error(env, NULL, "out of memory");
    return NULL;
  }
  job->env = env;
  if (!read_arguments(env, info, job)) {
    release(job);
    napi_throw_type_error(env, NULL, "want 1 to 64 descriptors, start, length, and a BigInt64Array of 2");
    return NULL;
  }
  if (!begin(env, job, &promise)) {
    release(job);
    napi_throw_error(env, NULL, "the thread could not be started");
    return NULL;
  }
  return promise;
}

NAPI_MODULE_INIT() {
  napi_value function;
  if (napi_create_function(env, "hashRange", NAPI_AUTO_LENGTH, hash_range, NULL, &function) != napi_ok) return NULL;
  if (napi_set_named_property(env, exports, "hashRange", function) != napi_ok) return NULL;
  return exports;
}
