/** What is worked out of an object that never changes, such as a public key, and asked for with every request: kept for as long as the object. */
export function perObject<Of extends object, Value extends {}>(workOut: (of: Of) => Value): (of: Of) => Value {
  const kept = new WeakMap<Of, Value>()
  return (of) => {
    const known = kept.get(of)
    if (known !== undefined) return known
    const value = workOut(of)
    kept.set(of, value)
    return value
  }
}
