/* BLAKE3 of a range on several threads. The hash itself is the authors' code in blake3/; here are the threads and the upper part of the tree
 * (BLAKE3 specification, section 2.1): pieces of a power of two of chunks are subtrees of their own. */
#include "blake3-tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "blake3/blake3_impl.h"

/* One chaining value is kept for each piece: 2 MiB for a file of one TiB. */
#define PIECE_BYTES ((uint64_t)16 * 1024 * 1024)
#define READS_IN_PIECE (PIECE_BYTES / READ_BYTES)
/* So that threads end at about the same time. */
#define PIECES_OF_THREAD 8

struct tree {
  struct job *job;
  uint64_t piece_bytes, pieces;
  uint8_t *piece_cvs;
  _Atomic uint64_t next_piece;
};

struct thread {
  struct tree *tree;
  int descriptor;
  pthread_t id;
};

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

/* The chaining value of one subtree, below the root; false if it cannot be had. */
static bool hash_subtree(struct source *source, uint64_t at, size_t size, uint8_t cv[BLAKE3_OUT_LEN]) {
  uint8_t wide[MAX_SIMD_DEGREE_OR_2 * BLAKE3_OUT_LEN];
  uint64_t offset = source->job->start + at;
  const uint8_t *shown = source_show(source, offset, size);
  size_t cvs = 0;
  while (shown != NULL) {
    cvs = blake3_compress_subtree_wide(shown, size, IV, at / BLAKE3_CHUNK_LEN, 0, wide, false);
    if (source_held(source, shown)) break;
    shown = source_read(source, offset, size);
  }
  if (shown == NULL) return false;
  join(wide, cvs, 1);
  memcpy(cv, wide, BLAKE3_OUT_LEN);
  return true;
}

static void hash_piece(struct tree *tree, struct source *source, uint64_t piece) {
  struct job *job = tree->job;
  uint8_t cvs[READS_IN_PIECE * BLAKE3_OUT_LEN];
  size_t reads = 0;
  uint64_t at = piece * tree->piece_bytes;
  uint64_t end = job->length - at < tree->piece_bytes ? job->length : at + tree->piece_bytes;
  while (at < end) {
    size_t size = end - at < READ_BYTES ? (size_t)(end - at) : READ_BYTES;
    if (is_over(job) || !hash_subtree(source, at, size, cvs + reads++ * BLAKE3_OUT_LEN)) return;
    atomic_fetch_add_explicit(job->done, size, memory_order_relaxed);
    at += size;
  }
  join(cvs, reads, 1);
  memcpy(tree->piece_cvs + piece * BLAKE3_OUT_LEN, cvs, BLAKE3_OUT_LEN);
}

/* Takes one piece after the other until none is left. */
static void *hash_pieces(void *argument) {
  struct thread *thread = argument;
  struct tree *tree = thread->tree;
  struct source source;
  if (!source_open(&source, tree->job, thread->descriptor)) return NULL;
  for (uint64_t piece; !is_over(tree->job) && (piece = atomic_fetch_add(&tree->next_piece, 1)) < tree->pieces;) hash_piece(tree, &source, piece);
  source_close(&source);
  return NULL;
}

static void hash_in_threads(struct tree *tree) {
  struct job *job = tree->job;
  struct thread threads[MOST_THREADS];
  uint32_t started = 1;
  for (; started < job->threads; started++) {
    threads[started] = (struct thread){.tree = tree, .descriptor = job->descriptors[started]};
    if (pthread_create(&threads[started].id, NULL, hash_pieces, &threads[started]) != 0) break; /* those that are there do it all */
  }
  threads[0] = (struct thread){.tree = tree, .descriptor = job->descriptors[0]};
  hash_pieces(&threads[0]);
  for (uint32_t at = 1; at < started; at++) pthread_join(threads[at].id, NULL);
  if (atomic_load(&job->outcome) != DONE) return;
  join(tree->piece_cvs, tree->pieces, 2);
  uint32_t root[8];
  memcpy(root, IV, sizeof root);
  blake3_compress_in_place(root, tree->piece_cvs, BLAKE3_BLOCK_LEN, 0, PARENT | ROOT);
  store_cv_words(job->digest, root);
}

/* Too short to be divided, and not worth a window. */
static void hash_at_once(struct job *job) {
  struct source source;
  if (!source_open(&source, job, job->descriptors[0])) return;
  if (source_read(&source, job->start, (size_t)job->length) != NULL) {
    blake3_hasher hasher;
    blake3_hasher_init(&hasher);
    blake3_hasher_update(&hasher, source.buffer, (size_t)job->length);
    blake3_hasher_finalize(&hasher, job->digest, BLAKE3_OUT_LEN);
    atomic_fetch_add(job->done, job->length);
  }
  source_close(&source);
}

void hash_with_blake3(struct job *job) {
  job->digest_bytes = BLAKE3_OUT_LEN;
  if (job->length <= READ_BYTES) return hash_at_once(job);
  struct tree tree = {.job = job, .piece_bytes = READ_BYTES};
  while (tree.piece_bytes < PIECE_BYTES && tree.piece_bytes * 2 * job->threads * PIECES_OF_THREAD <= job->length) tree.piece_bytes *= 2;
  tree.pieces = (job->length + tree.piece_bytes - 1) / tree.piece_bytes;
  tree.piece_cvs = calloc(tree.pieces, BLAKE3_OUT_LEN);
  if (tree.piece_cvs == NULL) return finish(job, ENOMEM);
  hash_in_threads(&tree);
  free(tree.piece_cvs);
}
