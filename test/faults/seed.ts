/** The seed from `ANYBROKER_FAULTS_SEED`, to repeat a run, or a new one. */
export const seed: number = Number(process.env.ANYBROKER_FAULTS_SEED ?? Math.floor(Math.random() * 2 ** 31));
