const { createHmac, timingSafeEqual } = require('node:crypto');
const axios = require('axios');

const SECRET = process.env.LEVER_SIGNATURE_TOKEN;
const api = axios.create({ baseURL: 'https://api.lever.co/v1' });

const hex = (key, text) => createHmac('sha256', key).update(text).digest('hex');
const same = (a, b) => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

app.post('/hooks/lever/hired', async (req, res) => {
  const { token, triggeredAt, signature, data } = req.body;
  if (!same(hex(SECRET, token + triggeredAt), signature)) return res.sendStatus(401);
  await greet(data.contactId, data.opportunityId);
  res.sendStatus(204);
});

app.post('/hooks/lever/stage', async (req, res) => {
  const { event, signature } = req.body;
  const mine = createHmac('sha256', SECRET).update(JSON.stringify(req.body)).digest('hex'); // expect: LK308
  if (mine !== signature) return res.sendStatus(401);
  if (event === 'candidateStageChange') await rememberPerson(req.body.data.candidateId); // expect: LK307
  res.sendStatus(204);
});

app.post('/hooks/lever/archived', async (req, res) => {
  const hash = createHmac('sha256', SECRET);
  hash.update(req.body.token);
  hash.update(String(req.body.triggeredAt));
  if (!same(hash.digest('hex'), req.body.signature)) return res.sendStatus(401);
  res.sendStatus(204);
});

async function tagByCreating(contact, tag) {
  return api.post('/opportunities', { contact, tags: [tag], contact: contact }); // expect: LK305
}

async function tagEverywhere(contact, tag) {
  const { data } = await api.get('/opportunities', { params: { contact_id: contact } });
  for (const row of data.data) await api.post(`/opportunities/${row.id}/addTags`, { tags: [tag] });
}
