// Package identity says who a process is towards the other processes of one run. It follows SPIFFE's JWT-SVID
// (https://github.com/spiffe/spiffe/blob/main/standards/JWT-SVID.md): a signed token with a subject, one audience and a short life.
// There is no server to fetch it from: whoever starts the run is its authority and certifies a key for each process, and the process
// signs its own tokens and sends the certificate along. So a token taken from one service opens no other, and opens nothing after five
// minutes.
package identity
