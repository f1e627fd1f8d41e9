// One service for several recruiting products, each with its own host under the same key.
const SYSTEMS = {
  greenhouse: { baseUrl: 'https://harvest.greenhouse.io/v1' },
  lever: { baseUrl: 'https://api.lever.co/v1' },
};

export class Systems {
  async sendToGreenhouse(person: object, system: { baseUrl: string }) {
    return fetch(`${system.baseUrl}/candidates`, { method: 'POST', body: JSON.stringify(person) });
  }

  async sendToLever(person: object, system: { baseUrl: string }) {
    return fetch(`${system.baseUrl}/candidates`, { method: 'POST', body: JSON.stringify(person) }); // expect: LK304
  }

  async stageInGreenhouse(id: string, system: { baseUrl: string }) {
    return fetch(`${system.baseUrl}/candidates/${id}`);
  }
}
