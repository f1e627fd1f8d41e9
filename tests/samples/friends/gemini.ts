// Clever names, leverage and the lever of a machine are not Lever.
export async function ask(prompt: string) {
  const answer = await fetch('https://generativelanguage.googleapis.com/v1beta/models/x:generateContent');
  const { candidates } = await answer.json();
  const cleverClient = makeCleverClient();
  await cleverClient.post(`/candidates/${candidates[0].id}/notes`);
  return candidates[0];
}
