// Drives tedious (npm) against the wire: what it saw, as JSON, goes to stdout. argv: a JSON object of options.
'use strict';
const { Connection, Request, TYPES, ISOLATION_LEVEL } = require('tedious');

const given = JSON.parse(process.argv[2]);
const seen = {};

function connect() {
  return new Promise((resolve, reject) => {
    const connection = new Connection({
      server: '127.0.0.1',
      authentication: { type: 'default', options: { userName: given.user, password: given.password } },
      options: {
        port: given.port, encrypt: given.encrypt, tdsVersion: given.version, trustServerCertificate: true,
        cancelTimeout: 5000, requestTimeout: 15000,
      },
    });
    connection.connect((error) => (error ? reject(error) : resolve(connection)));
  });
}

function run(connection, text, prepare = () => {}, how = 'execSql') {
  return new Promise((resolve, reject) => {
    const rows = [];
    const request = new Request(text, (error) => (error ? reject(error) : resolve(rows)));
    request.on('row', (columns) => rows.push(columns.map((column) => column.value)));
    prepare(request);
    connection[how](request);
  });
}

function prepared(connection) {
  return new Promise((resolve, reject) => {
    const rows = [];
    let turn = 0;
    const request = new Request('echo @a', (error) => {
      if (error) return reject(error);
      turn += 1;
      if (turn === 1) return connection.execute(request, { a: 5 });
      return turn === 2 ? connection.unprepare(request) : resolve(rows);
    });
    request.addParameter('a', TYPES.Int);
    request.on('row', (columns) => rows.push(columns.map((column) => column.value)));
    request.on('prepared', () => connection.execute(request, { a: 4 }));
    connection.prepare(request);
  });
}

function transaction(connection) {
  return new Promise((resolve, reject) => {
    connection.beginTransaction((error) => {
      if (error) return reject(error);
      return run(connection, 'select 6', () => {}, 'execSqlBatch').then(
        () => connection.commitTransaction((failed) => (failed ? reject(failed) : resolve('committed'))), reject);
    }, '', ISOLATION_LEVEL.READ_COMMITTED);
  });
}

function cancelled(connection) {
  return new Promise((resolve) => {
    const request = new Request('slow', (error) => resolve(error ? error.code : 'finished'));
    connection.on('infoMessage', () => connection.cancel()); // the statement is running
    connection.execSqlBatch(request);
  });
}

async function main() {
  const connection = await connect();
  seen.batch = await run(connection, 'select 1', () => {}, 'execSqlBatch');
  seen.echo = await run(connection, 'echo @n, @t, @b', (request) => {
    request.addParameter('n', TYPES.Int, 7);
    request.addParameter('t', TYPES.NVarChar, '名称😀');
    request.addParameter('b', TYPES.VarBinary, Buffer.from([1, 2]));
  });
  seen.prepared = await prepared(connection);
  seen.transaction = await transaction(connection);
  seen.errors = await run(connection, 'failing', () => {}, 'execSqlBatch').catch(
    (error) => (error.errors || [error]).map((one) => one.number));
  seen.cancelled = await cancelled(connection);
  seen.after = await run(connection, 'select 8', () => {}, 'execSqlBatch');
  connection.close();
}

main().catch((error) => { seen.failed = error.code || String(error); }).finally(() => {
  const said = JSON.stringify(seen, (_, value) => (value && value.type === 'Buffer' ? value.data : value));
  process.stdout.write(said, () => process.exit(0)); // a connection that failed would keep the process alive
});
