// What must survive a crash is in a database. Node has SQLite built in. PostgreSQL does the same with the same statements.
import { DatabaseSync } from "node:sqlite";

export function openStore(path: string): DatabaseSync {
  const store = new DatabaseSync(path);
  store.exec(`
    PRAGMA busy_timeout = 5000; -- in milliseconds: several processes write to the file
    CREATE TABLE IF NOT EXISTS handled (consumer TEXT, id TEXT, PRIMARY KEY (consumer, id));
    CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, article TEXT, quantity INTEGER, status TEXT);
    CREATE TABLE IF NOT EXISTS reservations (order_id TEXT, article TEXT, quantity INTEGER);
    CREATE TABLE IF NOT EXISTS invoices (order_id TEXT, text TEXT);
    CREATE TABLE IF NOT EXISTS mails (order_id TEXT, text TEXT);
  `);
  return store;
}

/**
 * Does the work unless this consumer has done it for this id. The unique key decides, so that two copies of a message may
 * be handled at the same time. The key and the work are in one transaction: a crash keeps both or neither.
 */
export function once(store: DatabaseSync, consumer: string, id: string, work: () => void): void {
  store.exec("BEGIN IMMEDIATE");
  try {
    const claim = store.prepare("INSERT INTO handled (consumer, id) VALUES (?, ?) ON CONFLICT DO NOTHING");
    if (claim.run(consumer, id).changes === 1) work();
    store.exec("COMMIT");
  } catch (error) {
    store.exec("ROLLBACK"); // the key is free again, for the retry
    throw error;
  }
}
