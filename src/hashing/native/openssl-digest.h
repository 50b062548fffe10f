/* SHA-256 and BLAKE2b of a job's range, on one thread, by the OpenSSL that is part of Node. */
#ifndef SEALSTONE_OPENSSL_DIGEST_H
#define SEALSTONE_OPENSSL_DIGEST_H

#include <stdbool.h>

#include "job.h"

/* Whether this Node lets addons call its OpenSSL. */
bool has_openssl(void);

/* By OpenSSL's name; NULL where it has none such. To be let go of with forget_digest(). */
struct evp_md_st *find_digest(const char *name);

void forget_digest(struct evp_md_st *algorithm);

void hash_with_openssl(struct job *job);

#endif
