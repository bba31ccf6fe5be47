// Asks a responder with golang.org/x/crypto/ocsp, by GET and by POST, and verifies the
// answers. Arguments: the URL, the certificate of the CA, then certificates, in PEM. Prints
// two lines for each: good, revoked, unknown, or the error.
package main

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	"golang.org/x/crypto/ocsp"
)

func read(name string) *x509.Certificate {
	data, err := os.ReadFile(name)
	if err != nil {
		panic(err)
	}
	block, _ := pem.Decode(data)
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		panic(err)
	}
	return certificate
}

func status(reply *http.Response, err error, leaf, ca *x509.Certificate) string {
	if err != nil {
		return err.Error()
	}
	defer reply.Body.Close()
	der, err := io.ReadAll(reply.Body)
	if err != nil {
		return err.Error()
	}
	answer, err := ocsp.ParseResponseForCert(der, leaf, ca)
	if err != nil {
		return err.Error()
	}
	return map[int]string{ocsp.Good: "good", ocsp.Revoked: "revoked", ocsp.Unknown: "unknown"}[answer.Status]
}

func main() {
	base, ca := os.Args[1], read(os.Args[2])
	for _, name := range os.Args[3:] {
		leaf := read(name)
		for _, hash := range []crypto.Hash{crypto.SHA1, crypto.SHA256} {
			request, err := ocsp.CreateRequest(leaf, ca, &ocsp.RequestOptions{Hash: hash})
			if err != nil {
				panic(err)
			}
			text := url.QueryEscape(base64.StdEncoding.EncodeToString(request))
			reply, err := http.Get(base + text)
			fmt.Println(status(reply, err, leaf, ca))
			reply, err = http.Post(base, "application/ocsp-request", bytes.NewReader(request))
			fmt.Println(status(reply, err, leaf, ca))
		}
	}
}
