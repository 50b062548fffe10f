/* Hashes a range of an open file in threads of its own, for Node: with BLAKE3 on several, with the digests of Node's OpenSSL on one. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <node_api.h>

#include "blake3-tree.h"
#include "job.h"
#include "openssl-digest.h"

/* What this was compiled from, which the loader compares with what lies in the folder. */
#ifndef SOURCES
#error "SOURCES is not given: compile with ./build"
#endif

static void release(struct job *job) {
  if (job->shared_ref != NULL) napi_delete_reference(job->env, job->shared_ref);
  if (job->algorithm != NULL) forget_digest(job->algorithm);
  free(job);
}

/* The first of the job's threads. */
static void *lead(void *argument) {
  struct job *job = argument;
  if (job->algorithm == NULL) hash_with_blake3(job);
  else hash_with_openssl(job);
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
  bool made = outcome == DONE ? napi_create_buffer_copy(env, job->digest_bytes, job->digest, NULL, &result) == napi_ok
                              : napi_create_int32(env, outcome, &result) == napi_ok;
  if (made) napi_resolve_deferred(env, job->deferred, result);
  release(job);
}

/* OpenSSL's name, or BLAKE3. */
static bool read_algorithm(napi_env env, napi_value argument, struct job *job) {
  char name[32];
  size_t length;
  if (napi_get_value_string_utf8(env, argument, name, sizeof name, &length) != napi_ok) return false;
  if (strcmp(name, "BLAKE3") == 0) return true;
  if (!has_openssl()) return false;
  job->algorithm = find_digest(name);
  return job->algorithm != NULL;
}

static bool read_descriptors(napi_env env, napi_value argument, struct job *job) {
  bool is_array = false;
  uint32_t most = job->algorithm == NULL ? MOST_THREADS : 1;
  if (napi_is_array(env, argument, &is_array) != napi_ok || !is_array) return false;
  if (napi_get_array_length(env, argument, &job->threads) != napi_ok || job->threads < 1 || job->threads > most) return false;
  for (uint32_t at = 0; at < job->threads; at++) {
    napi_value descriptor;
    if (napi_get_element(env, argument, at, &descriptor) != napi_ok) return false;
    if (napi_get_value_int32(env, descriptor, &job->descriptors[at]) != napi_ok) return false;
  }
  return true;
}

static bool read_arguments(napi_env env, napi_callback_info info, struct job *job) {
  size_t count = 5;
  napi_value arguments[5];
  int64_t start, length;
  napi_typedarray_type type;
  size_t numbers;
  void *shared;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok || count != 5) return false;
  if (!read_algorithm(env, arguments[0], job) || !read_descriptors(env, arguments[1], job)) return false;
  if (napi_get_value_int64(env, arguments[2], &start) != napi_ok || start < 0) return false;
  if (napi_get_value_int64(env, arguments[3], &length) != napi_ok || length < 0) return false;
  if (napi_get_typedarray_info(env, arguments[4], &type, &numbers, &shared, NULL, NULL) != napi_ok) return false;
  if (type != napi_bigint64_array || numbers != 2) return false;
  job->start = (uint64_t)start;
  job->length = (uint64_t)length;
  job->done = (_Atomic uint64_t *)shared;
  job->stop = job->done + 1;
  return napi_create_reference(env, arguments[4], 1, &job->shared_ref) == napi_ok;
}

static bool begin(napi_env env, struct job *job, napi_value *promise) {
  napi_value name;
  if (napi_create_string_utf8(env, "sealstone:hash", NAPI_AUTO_LENGTH, &name) != napi_ok) return false;
  if (napi_create_promise(env, &job->deferred, promise) != napi_ok) return false;
  if (napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, job, complete, &job->settle) != napi_ok) return false;
  if (napi_add_env_cleanup_hook(env, end_early, job) == napi_ok) {
    if (pthread_create(&job->leader, NULL, lead, job) == 0) return true;
    napi_remove_env_cleanup_hook(env, end_early, job);
  }
  napi_release_threadsafe_function(job->settle, napi_tsfn_abort);
  return false;
}

/* hashRange(algorithm, descriptors, start, length, shared): a thread for each descriptor, all of the same file; start and length in bytes. */
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
    napi_throw_type_error(env, NULL, "want BLAKE3 and 1 to 64 descriptors, or a digest of OpenSSL and 1; start, length, and a BigInt64Array of 2");
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
  napi_value function, sources, openssl;
  if (napi_create_function(env, "hashRange", NAPI_AUTO_LENGTH, hash_range, NULL, &function) != napi_ok) return NULL;
  if (napi_create_string_utf8(env, SOURCES, NAPI_AUTO_LENGTH, &sources) != napi_ok) return NULL;
  if (napi_get_boolean(env, has_openssl(), &openssl) != napi_ok) return NULL;
  if (napi_set_named_property(env, exports, "hashRange", function) != napi_ok) return NULL;
  if (napi_set_named_property(env, exports, "sources", sources) != napi_ok) return NULL;
  if (napi_set_named_property(env, exports, "openssl", openssl) != napi_ok) return NULL;
  return exports;
}
