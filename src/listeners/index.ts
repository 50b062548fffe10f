/** listeners: sockets as the daemon opens them: a socket file for its owner, mutual TLS, plain TCP on a loopback address. */
export { type Listener, type ListenerLimits, type OpenListener, openListener } from './open-listener.ts'
