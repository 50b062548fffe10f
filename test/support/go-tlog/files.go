package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"
)

// files reads a log by the paths of c2sp.org/tlog-tiles, for the tile reader of sumdb/tlog.
type files struct {
	read func(path string) ([]byte, error)
	kept map[string][]byte
}

func open(place string) (*files, torchwood.TileReader, error) {
	if !isURL(place) {
		tiles, err := torchwood.NewTileFS(os.DirFS(place))
		read := func(path string) ([]byte, error) { return os.ReadFile(filepath.Join(place, path)) }
		return &files{read: read, kept: map[string][]byte{}}, tiles, err
	}
	tiles, err := torchwood.NewTileFetcher(place)
	read := func(path string) ([]byte, error) { return get(strings.TrimSuffix(place, "/") + "/" + path) }
	return &files{read: read, kept: map[string][]byte{}}, tiles, err
}

func get(url string) ([]byte, error) {
	response, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, response.Status)
	}
	return io.ReadAll(response.Body)
}

// sumdb says tile/8/0/000 and tile/8/data/000, c2sp.org/tlog-tiles tile/0/000 and tile/entries/000.
func (f *files) readTile(tile tlog.Tile) ([]byte, error) {
	path := strings.Replace(strings.Replace(tile.Path(), "tile/8/", "tile/", 1), "tile/data/", "tile/entries/", 1)
	if data, ok := f.kept[path]; ok {
		return data, nil
	}
	data, err := f.read(path)
	if err == nil {
		f.kept[path] = data
	}
	return data, err
}

func (f *files) Height() int { return 8 }

func (f *files) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for at, tile := range tiles {
		bytes, err := f.readTile(tile)
		if err != nil {
			return nil, err
		}
		data[at] = bytes
	}
	return data, nil
}

func (f *files) SaveTiles([]tlog.Tile, [][]byte) {}
