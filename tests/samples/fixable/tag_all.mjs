const [contact, tag] = process.argv.slice(2);
const base = process.env.LEVER_BASE_URL ?? 'https://api.lever.co/v1';
const headers = {
  Authorization: 'Basic ' + Buffer.from(process.env.LEVER_API_KEY + ':').toString('base64'),
  'Content-Type': 'application/json',
};

async function lever(path, body) {
  const answer = await fetch(base + path, body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

async function tagPerson() {
  const { data } = await lever(`/candidates?contact_id=${contact}`); // expect: LK303
  for (const row of data) {
    await lever(`/candidates/${row.id}/addTags`, { tags: [tag] }); // expect: LK301
    console.log(row.id);
  }
}

await tagPerson();
