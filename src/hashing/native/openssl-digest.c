/* See openssl-digest.h. Looked up while running and not linked: a Node without these functions still gets the rest of the addon. */
#include "openssl-digest.h"

#include <dlfcn.h>
#include <errno.h>

#include <openssl/evp.h>

#define FUNCTIONS(each) \
  each(EVP_MD_fetch) each(EVP_MD_free) each(EVP_MD_CTX_new) each(EVP_MD_CTX_free) each(EVP_DigestInit_ex) each(EVP_DigestUpdate) each(EVP_DigestFinal_ex)

#define DECLARED(name) static __typeof__(&name) node_##name;
FUNCTIONS(DECLARED)

static pthread_once_t looked_up = PTHREAD_ONCE_INIT;
static bool all_found = true;

#define LOOKED_UP(name) \
  *(void **)&node_##name = dlsym(RTLD_DEFAULT, #name); \
  all_found = all_found && node_##name != NULL;
static void look_up(void) { FUNCTIONS(LOOKED_UP) }

bool has_openssl(void) { return pthread_once(&looked_up, look_up) == 0 && all_found; }

EVP_MD *find_digest(const char *name) { return node_EVP_MD_fetch(NULL, name, NULL); }

void forget_digest(EVP_MD *algorithm) { node_EVP_MD_free(algorithm); }

/* From the front to the end of the range; false: what was seen through a window were not the file's bytes. */
static bool hash_once(struct job *job, struct source *source, EVP_MD_CTX *context) {
  if (node_EVP_DigestInit_ex(context, job->algorithm, NULL) != 1) return finish(job, HASH_FAILED), true;
  for (uint64_t at = 0; at < job->length && !is_over(job);) {
    size_t size = job->length - at < READ_BYTES ? (size_t)(job->length - at) : READ_BYTES;
    const uint8_t *shown = source_show(source, job->start + at, size);
    if (shown == NULL) return true;
    if (node_EVP_DigestUpdate(context, shown, size) != 1) return finish(job, HASH_FAILED), true;
    if (!source_held(source, shown)) return false;
    at += size;
    atomic_store_explicit(job->done, at, memory_order_relaxed);
  }
  unsigned size = 0;
  if (!is_over(job) && node_EVP_DigestFinal_ex(context, job->digest, &size) != 1) finish(job, HASH_FAILED);
  job->digest_bytes = size;
  return true;
}

void hash_with_openssl(struct job *job) {
  struct source source;
  EVP_MD_CTX *context = node_EVP_MD_CTX_new();
  if (context == NULL) return finish(job, ENOMEM);
  if (source_open(&source, job, job->descriptors[0])) {
    /* A second time, it is read: a window that was lost stays lost. */
    if (!hash_once(job, &source, context)) hash_once(job, &source, context);
    source_close(&source);
  }
  node_EVP_MD_CTX_free(context);
}
