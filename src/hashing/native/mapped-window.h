/* A window on an open file, mapped and not copied, for one thread. The file may be cut, or its disk fail, while it is looked at: that never ends
 * the process, it ends the window. Where a window cannot be had, or would have to wait for a disk, the caller reads. */
#ifndef SEALSTONE_MAPPED_WINDOW_H
#define SEALSTONE_MAPPED_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct window {
  int descriptor;
  /* NULL where nothing can be mapped. */
  uint8_t *base;
  uint64_t from, length;
  struct guarded *guarded;
};

/* Always made; one that cannot map only never shows anything. */
void window_open(struct window *window, int descriptor);

/* The bytes, until the next call for the same window; NULL: read them. They count only if window_held() is true after they were used. */
const uint8_t *window_show(struct window *window, uint64_t offset, size_t size);

/* False: what was shown were not the file's bytes, and nothing more will be shown; read them, which also says why. */
bool window_held(struct window *window);

void window_close(struct window *window);

#endif
