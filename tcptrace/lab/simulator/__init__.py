"""Two endpoints written from RFC 9293 on a simulated path: no sockets, no clock, no privilege; a seed decides all."""
