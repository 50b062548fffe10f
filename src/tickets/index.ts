/** tickets: proof by the daemon, for the daemon, that it computed the digests of a file for a caller. */
export { checkTicket, type HashedFile, issueTicket, newTicketKey, TICKET_KEY_BYTES, TICKET_VALID_MS } from './ticket.ts'
