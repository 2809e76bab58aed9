/** Cases of the port's contract about security, which the broker does not advertise: the port says so, in words of its own. */
export const NOT_SERVED: ReadonlySet<string> = new Set([
  'ACLs are made, found by filters and deleted; without an authorizer every verb says so',
  'SCRAM users are made, described and deleted',
  'a SCRAM user that is not there cannot be deleted; too few iterations are refused',
  'a quota that does not exist is refused, the others are set',
  'quotas are set, described and taken away',
])
