// Package pki makes certificates for tests: one authority and a leaf of it a
// name, ECDSA P-256, cached, valid from 1999 to 2199, so in virtual time
// (which starts in 2000) as well as in real time. The keys are made anew in
// each process and never leave it.
package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"sync"
	"time"
)

var (
	notBefore = time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)
	notAfter  = time.Date(2199, 1, 1, 0, 0, 0, 0, time.UTC)
)

// authority is made on first use.
var authority = sync.OnceValue(func() *issuer {
	key := newKey()
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "wirekata test authority"},
		NotBefore:             notBefore,
		NotAfter:              notAfter,
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	return &issuer{cert: sign(template, template, &key.PublicKey, key), key: key, leaves: map[string]tls.Certificate{}}
})

type issuer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey

	mu     sync.Mutex
	leaves map[string]tls.Certificate
}

// Certificate returns a leaf for a host name or an IP address in text form.
func Certificate(host string) tls.Certificate {
	ca := authority()
	ca.mu.Lock()
	defer ca.mu.Unlock()
	leaf, ok := ca.leaves[host]
	if !ok {
		leaf = ca.issue(host)
		ca.leaves[host] = leaf
	}
	return leaf
}

func (ca *issuer) issue(host string) tls.Certificate {
	key := newKey()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(int64(len(ca.leaves) + 2)),
		Subject:      pkix.Name{CommonName: host},
		NotBefore:    notBefore,
		NotAfter:     notAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	leaf := sign(template, ca.cert, &key.PublicKey, ca.key)
	return tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
}

// Roots returns a pool with the authority.
func Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(authority().cert)
	return pool
}

// Server returns a configuration for a server called host, with the given
// ALPN protocol names.
func Server(host string, protocols ...string) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{Certificate(host)}, NextProtos: protocols}
}

// Client returns a configuration for a client that wants to reach host.
func Client(host string, protocols ...string) *tls.Config {
	return &tls.Config{RootCAs: Roots(), ServerName: host, NextProtos: protocols}
}

func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(fmt.Sprintf("BUG: key: %v", err))
	}
	return key
}

func sign(template, parent *x509.Certificate, key *ecdsa.PublicKey, by *ecdsa.PrivateKey) *x509.Certificate {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key, by)
	if err != nil {
		panic(fmt.Sprintf("BUG: certificate: %v", err))
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(fmt.Sprintf("BUG: certificate: %v", err))
	}
	return cert
}
