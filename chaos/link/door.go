package link

import (
	"errors"
	"net"
	"time"
)

// A door is a listener with its accept loop.
type door struct {
	listener *net.TCPListener
	closing  chan struct{}
	ended    chan error // closed when the loop has ended
}

// accept hands every connection on until the door is shut.
func (d *door) accept(admit func(*net.TCPConn)) {
	defer close(d.ended)
	for {
		conn, err := d.listener.AcceptTCP()
		switch {
		case err == nil:
			admit(conn)
		case errors.Is(err, net.ErrClosed):
			return
		default: // out of file descriptors, most likely: the caller waits in the queue meanwhile
			pause := time.NewTimer(20 * time.Millisecond)
			select {
			case <-pause.C:
			case <-d.closing:
			}
			pause.Stop()
		}
	}
}

// shut gives the port back; the channel closes when no connection comes any more.
func (d *door) shut() <-chan error {
	close(d.closing)
	_ = d.listener.Close() // it fails only when it is closed already
	return d.ended
}
