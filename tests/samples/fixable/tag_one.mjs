const [candidate, tag] = process.argv.slice(2);
const base = process.env.LEVER_BASE_URL ?? 'https://api.lever.co/v1';
const headers = {
  Authorization: 'Basic ' + Buffer.from(process.env.LEVER_API_KEY + ':').toString('base64'),
  'Content-Type': 'application/json',
};
const path = '/candidates/:candidateId/addTags'.replace(':candidateId', candidate);
const answer = await fetch(base + path, { method: 'POST', headers, body: JSON.stringify({ tags: [tag] }) }); // expect: LK301
if (!answer.ok) throw new Error(String(answer.status));
console.log(candidate);
