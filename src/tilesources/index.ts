/** tilesources: reading a published log (c2sp.org/tlog-tiles) from a web server or a directory, behind the port of `tlog`. */
export { openTileSource, type TileSourceOptions } from './open-tile-source.ts'
