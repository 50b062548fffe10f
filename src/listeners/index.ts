/** listeners: sockets as the daemon opens them: a socket file for its owner, mutual TLS, plain TCP on a loopback address, small HTTP servers. */
export { type HttpAddress, type HttpListener, openHttpListener } from './http-listener.ts'
export { type LoginRefused, namelessCertificate, type OnLoginRefused } from './login-refused.ts'
export { UnsentAnswers } from './unsent-answers.ts'
export { type Listener, type ListenerLimits, type OpenListener, openListener } from './open-listener.ts'
