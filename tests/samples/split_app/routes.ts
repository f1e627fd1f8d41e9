router.get('/candidates', list);
router.post('/webhooks/lever', async (req, res) => {
  const { event, data } = req.body;
  if (event === 'candidateStageChange') await moved(data.opportunityId, data.contactId);
  res.redirect(`/candidates/${data.opportunityId}`);
});
