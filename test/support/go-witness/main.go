// Cosignatures as other people make and read them: github.com/transparency-dev/formats, which knows nothing of Sealstone.
//
//	go-witness sign NAME < checkpoint    prints {"note": …, "vkeys": […]}: cosigned with a new Ed25519 and a new ML-DSA-44 key
//	go-witness verify VKEY… < note       prints the times of the cosignatures; exit 1 unless there is one by each key
package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	cosig "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	switch {
	case len(args) == 2 && args[0] == "sign":
		return sign(args[1], input)
	case len(args) >= 2 && args[0] == "verify":
		return verify(args[1:], input)
	}
	return errors.New("usage: go-witness sign NAME | go-witness verify VKEY…")
}

// The lines of others, such as the log's, are kept in front.
func sign(name string, input []byte) error {
	signers, vkeys, err := newSigners(name)
	if err != nil {
		return err
	}
	// Nobody is known here: everything below the text is somebody's unverified line.
	var unverified *note.UnverifiedNoteError
	if _, err := note.Open(input, note.VerifierList()); !errors.As(err, &unverified) {
		return fmt.Errorf("no note: %w", err)
	}
	signed, err := note.Sign(unverified.Note, signers...)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"note": string(signed), "vkeys": vkeys})
}

func newSigners(name string) ([]note.Signer, []string, error) {
	edSecret, edPublic, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return nil, nil, err
	}
	ed, err := cosig.NewSignerForCosignatureV1(edSecret)
	if err != nil {
		return nil, nil, err
	}
	mlSecret, mlVkey, err := cosig.GenerateMLDSAKey(name)
	if err != nil {
		return nil, nil, err
	}
	ml, err := cosig.NewSignerForCosignatureV1(mlSecret)
	if err != nil {
		return nil, nil, err
	}
	edVkey, err := cosig.VKeyToCosignatureV1(edPublic)
	return []note.Signer{ed, ml}, []string{edVkey, mlVkey}, err
}

func verify(vkeys []string, input []byte) error {
	verifiers := make([]note.Verifier, len(vkeys))
	for at, vkey := range vkeys {
		verifier, err := cosig.NewVerifierForCosignatureV1(vkey)
		if err != nil {
			return err
		}
		verifiers[at] = verifier
	}
	opened, err := note.Open(input, note.VerifierList(verifiers...))
	if err != nil {
		return err
	}
	if len(opened.Sigs) != len(vkeys) {
		return fmt.Errorf("%d of %d keys have signed", len(opened.Sigs), len(vkeys))
	}
	for _, signature := range opened.Sigs {
		time, err := cosig.CoSigV1Timestamp(signature)
		if err != nil {
			return err
		}
		fmt.Println(time.Unix())
	}
	return nil
}
