import crypto from 'crypto';
import express from 'express';

const app = express();

app.post('/hooks/lever', async (req, res) => {
  const expected = crypto.createHmac('sha256', process.env.LEVER_TOKEN!).update(JSON.stringify(req.body)).digest('hex'); // expect: LK308
  if (expected !== req.body.signature) return res.sendStatus(401);
  if (req.body.event === 'candidateHired') {
    const { candidateId } = req.body.data; // expect: LK307
    await hire(candidateId);
  }
  if (req.body.event === 'candidateDeleted') await drop(req.body.data.opportunityId ?? req.body.data.candidateId);
  res.sendStatus(200);
});

app.get('/candidates/:id', (req, res) => res.json({}));
