const BASE = 'https://api.lever.co/v1/';

export const list = () => fetch(new URL('candidates', BASE)); // expect: LK303
export const tag = (id: string) => post(BASE.concat('candidates/', id, '/addTags')); // expect: LK301
export const one = (id: string) => fetch(candidateUrl(id));
const candidateUrl = (id: string) => `${BASE}candidates/${id}`; // expect: LK303
const stage = async (id: string) => {
  const path = '/candidates/:id/stage'.replace(':id', id); // expect: LK302
  return this.leverApi.request({ url: path, method: 'PUT' });
};

export async function change(id: string, what: string, away: boolean, body: object) {
  let path = `${BASE}opportunities/${id}`;
  if (what === 'tags') {
    path += away ? '/removeTags' : '/addTags'; // expect: LK306
  } else {
    path += away ? '/removeLinks' : '/addLinks';
  }
  return fetch(path, { method: 'POST', body: JSON.stringify(body) });
}
