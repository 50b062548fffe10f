/** Whether the file of a secret is closed to all but those whom it is for. */

export function isClosedToOthers(path: string, { mode, uid }: { readonly mode: number; readonly uid: number }): boolean {
  const others = mode & 0o077
  if (others === 0) return true
  // systemd.exec(5), Credentials: root's file of mode 0400, with an ACL by which the unit's user may read it. Of a file with an ACL, stat(2) shows the
  // ACL's mask where the group's bits are (acl(5)): 0440, although no group may read it.
  return others === 0o040 && uid === 0 && path.startsWith(CREDENTIALS) && !path.split('/').includes('..')
}

const CREDENTIALS = '/run/credentials/'
