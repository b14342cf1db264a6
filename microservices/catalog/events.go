package catalog

// This service tells nothing yet. Whoever owns the products tells about them, and that is the monolith: its events reach everybody,
// this service included. An event from here about a row that was fed in would be the same news a second time. That changes on the day the
// writes move here: then the event is written in the transaction of the write.
