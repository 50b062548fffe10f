/* BLAKE3 of a job's range, on as many threads as it has descriptors. */
#ifndef SEALSTONE_BLAKE3_TREE_H
#define SEALSTONE_BLAKE3_TREE_H

#include "job.h"

void hash_with_blake3(struct job *job);

#endif
