export function lever(key: string) {
  const call = (method: string, ...parts: string[]) => fetch(['https://api.lever.co/v1', ...parts].join('/'), { method });
  return {
    addTags: (id: string) => call('POST', 'candidates', id, 'addTags'), // expect: LK301
    contact: (id: string) => call('GET', 'contacts', id),
  };
}

export class LeverHook {
  verify(signature: string, token: string, secret: string): boolean {
    return createHmac('sha256', secret).update(token).digest('hex') === signature; // expect: LK308
  }

  kind(event: 'candidateHired' | 'candidateDeleted') {
    return `/candidates are ${event}`;
  }
}

export async function note(id: string) {
  await fetchOk('lever', `https://api.lever.co/v1/candidates/${encodeURIComponent(id)}/notes`, { method: 'POST' }); // expect: LK302
  console.log(`https://api.lever.co/v1/candidates/${id}`);
}
