//go:build unix

package shell

import "net/http"

// loneClient is an HTTP client whose connections end with the test.
type loneClient struct{ transport http.Transport }

func (c *loneClient) Do(r *http.Request) (*http.Response, error) {
	return (&http.Client{Transport: &c.transport}).Do(r)
}

func (c *loneClient) close() { c.transport.CloseIdleConnections() }
