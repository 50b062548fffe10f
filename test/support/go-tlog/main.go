// A published log as other people read it, with nothing of Sealstone: golang.org/x/mod/sumdb/tlog, which the Go command trusts its modules to,
// and the client of filippo.io/torchwood.
//
//	go-tlog VKEY PLACE OLD…
//
// VKEY is the log's Ed25519 key, PLACE a URL or directory, each OLD a file with an older checkpoint of it. Prints {"size": …, "digest": …,
// "consistent": …}: how many entries were proven, one by one and by both; SHA-256 of all of them, each behind its length; how many older trees
// the log extends. Exit 1 with a reason if anything does not verify.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: go-tlog VKEY PLACE OLD…")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(vkey, place string, older []string) error {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	files, tiles, err := open(place)
	if err != nil {
		return err
	}
	signed, err := files.read("checkpoint")
	if err != nil {
		return err
	}
	tree, err := openCheckpoint(signed, verifier)
	if err != nil {
		return err
	}
	digest, err := proveEntries(files, tree)
	if err != nil {
		return fmt.Errorf("sumdb/tlog: %w", err)
	}
	byClient, err := readWithClient(tiles, tree)
	if err != nil {
		return fmt.Errorf("torchwood: %w", err)
	}
	if digest != byClient {
		return errors.New("the two readers read different entries")
	}
	for _, path := range older {
		if err := proveExtends(files, tree, path, verifier); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"size": tree.N, "digest": digest, "consistent": len(older)})
}

func openCheckpoint(signed []byte, verifier note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	checkpoint, err := torchwood.ParseCheckpoint(opened.Text)
	if err != nil {
		return tlog.Tree{}, err
	}
	if checkpoint.Origin != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("the checkpoint is of %q", checkpoint.Origin)
	}
	return checkpoint.Tree, nil
}

// Each entry by its own inclusion proof, made from the hash tiles and checked against the signed root.
func proveEntries(files *files, tree tlog.Tree) (string, error) {
	hashes := tlog.TileHashReader(tree, files)
	all := sha256.New()
	for first := int64(0); first < tree.N; first += torchwood.TileWidth {
		width := min(torchwood.TileWidth, tree.N-first)
		bundle, err := files.readTile(tlog.Tile{H: 8, L: -1, N: first / torchwood.TileWidth, W: int(width)})
		if err != nil {
			return "", err
		}
		for index := first; index < first+width; index++ {
			entry, rest, err := cut(bundle)
			if err != nil {
				return "", fmt.Errorf("entry %d: %w", index, err)
			}
			bundle = rest
			proof, err := tlog.ProveRecord(tree.N, index, hashes)
			if err != nil {
				return "", fmt.Errorf("entry %d: %w", index, err)
			}
			if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry)); err != nil {
				return "", fmt.Errorf("entry %d: %w", index, err)
			}
			add(all, entry)
		}
		if len(bundle) > 0 {
			return "", fmt.Errorf("bundle of entry %d has %d bytes too many", first, len(bundle))
		}
	}
	return hex.EncodeToString(all.Sum(nil)), nil
}

func readWithClient(tiles torchwood.TileReader, tree tlog.Tree) (string, error) {
	client, err := torchwood.NewClient(tiles)
	if err != nil {
		return "", err
	}
	all, next := sha256.New(), int64(0)
	for index, entry := range client.AllEntries(context.Background(), tree, 0) {
		if index != next {
			return "", fmt.Errorf("entry %d comes after %d", index, next-1)
		}
		next++
		add(all, entry)
	}
	if err := client.Err(); err != nil {
		return "", err
	}
	if next != tree.N {
		return "", fmt.Errorf("%d of %d entries came", next, tree.N)
	}
	_, _, err = client.Entry(context.Background(), tree, tree.N/2)
	return hex.EncodeToString(all.Sum(nil)), err
}

func proveExtends(files *files, tree tlog.Tree, path string, verifier note.Verifier) error {
	signed, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	old, err := openCheckpoint(signed, verifier)
	if err != nil {
		return err
	}
	proof, err := tlog.ProveTree(tree.N, old.N, tlog.TileHashReader(tree, files))
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash)
}

func cut(bundle []byte) (entry, rest []byte, err error) {
	if len(bundle) < 2 {
		return nil, nil, errors.New("the bundle ends")
	}
	length := int(binary.BigEndian.Uint16(bundle))
	if len(bundle) < 2+length {
		return nil, nil, errors.New("the bundle ends within it")
	}
	return bundle[2 : 2+length], bundle[2+length:], nil
}

func add(all interface{ Write([]byte) (int, error) }, entry []byte) {
	var length [4]byte
	binary.BigEndian.PutUint32(length[:], uint32(len(entry)))
	all.Write(length[:])
	all.Write(entry)
}

func isURL(place string) bool {
	return strings.Contains(place, "://")
}
