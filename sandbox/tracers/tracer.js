// Records what programs in JavaScript do, line by line, through the inspector protocol of Node.
//
// Reads texts that are separated by NUL: how many steps to record, how many milliseconds a program
// may take, and the programs. Prints one line of JSON for each: see codeeval/sandbox/tracing.py.
'use strict';
const fs = require('fs');
const path = require('path');
const threads = require('worker_threads');

const TOLD = 3; // the descriptor through which a process tells its trace

function traceAll() {
  const [most, milliseconds, ...programs] = fs.readFileSync(0, 'utf8').split('\0');
  programs.forEach((source, number) => {
    const file = path.resolve(`program${number}.cjs`);
    fs.writeFileSync(file, source);
    const done = require('child_process').spawnSync(process.execPath, [__filename, file, most], {
      stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
      timeout: Number(milliseconds),
      killSignal: 'SIGKILL',
      maxBuffer: 1 << 26,
    });
    fs.unlinkSync(file);
    const told = String(done.output[TOLD]);
    const late = done.error && done.error.code === 'ETIMEDOUT';
    const found = told ? JSON.parse(told) : nothing(late ? 'takes long' : 'cannot be traced');
    const lines = source.split('\n');
    found.statements = found.statements.filter(line => /\w/.test(lines[line - 1] || ''));
    console.log(JSON.stringify({...found, printed: String(done.stdout)}));
  });
}

function nothing(failure) {
  return {
    runtime: `Node.js ${process.version}`, steps: [], frames: [], calls: [], raised: [],
    statements: [], is_cut: false, error: '', failure,
  };
}

// The main thread runs the program; another one watches it.
function runTraced(file) {
  const { port1, port2 } = new threads.MessageChannel();
  const watcher = new threads.Worker(__filename, {
    workerData: {file, most: Number(process.argv[3]), port: port2},
    transferList: [port2],
  });
  const found = nothing('');
  const module = {exports: {}};
  const names = ['exports', 'require', 'module'];
  let program = () => {};
  watcher.once('message', () => {
    watcher.unref();
    try {
      const source = fs.readFileSync(file, 'utf8');
      program = require('vm').compileFunction(source, names, {filename: file});
    } catch (error) {
      found.failure = `cannot be compiled: ${error}`;
    }
    process.setUncaughtExceptionCaptureCallback(error => {
      found.error = error && error.constructor ? error.constructor.name : typeof error;
      process.exit(1);
    });
    process.once('exit', () => {
      for (let got; (got = threads.receiveMessageOnPort(port1)); ) Object.assign(found, got.message);
      fs.writeSync(TOLD, JSON.stringify(found));
    });
    program.call(module.exports, module.exports, require('module').createRequire(file), module);
  });
}

function watch({file, most, port}) {
  const { Session } = require('inspector');
  const session = new Session();
  const found = {steps: [], frames: [], calls: [], raised: [], statements: [], is_cut: false};
  const stack = []; // of the calls under way: their number, the line of their last step, if they end
  const lines = fs.readFileSync(file, 'utf8').split('\n');
  let script = '';

  function paused({params}) {
    const own = params.callFrames.filter(each => each.location.scriptId === script);
    if (!own.length) return;
    stack.length = Math.min(stack.length, own.length);
    if (stack.length === own.length && stack[stack.length - 1].ends) {
      stack.pop(); // another call in its place
    }
    while (stack.length < own.length) {
      const frame = own[own.length - 1 - stack.length];
      const place = stack.length;
      const name = place || frame.functionName ? frame.functionName || '(anonymous)' : '(module)';
      const number = found.calls.length < most ? found.calls.push([name, place, 0]) - 1 : -1;
      stack.push({number, line: 0, ends: false});
    }
    const top = stack[stack.length - 1];
    const line = own[0].location.lineNumber + 1;
    top.ends = own[0].returnValue !== undefined;
    if (params.reason === 'exception' || params.reason === 'promiseRejection') {
      const name = (params.data || {}).className || typeof params.data;
      found.raised.push([found.steps.length, name, top.number]);
    } else if (line !== top.line && !top.ends && /\w/.test(lines[line - 1] || '')) {
      if (found.steps.length >= most) {
        found.is_cut = true;
        fs.writeSync(TOLD, JSON.stringify({...nothing(''), ...found}));
        process.kill(process.pid, 'SIGKILL');
      }
      top.line = line;
      found.steps.push(line);
      found.frames.push(top.number);
    }
  }

  threads.parentPort.on('message', () => {}); // keeps this thread alive
  session.connectToMainThread();
  session.on('Debugger.scriptParsed', ({params}) => {
    if (!params.url.endsWith(path.basename(file))) return;
    script = params.scriptId;
    const range = {start: {scriptId: script, lineNumber: 0}, restrictToFunction: false};
    session.post('Debugger.getPossibleBreakpoints', range, (error, {locations} = {}) => {
      found.statements = [...new Set((locations || []).map(each => each.lineNumber + 1))];
    });
  });
  session.on('Debugger.paused', message => {
    paused(message);
    port.postMessage(found);
    session.post('Debugger.stepInto');
  });
  session.post('Debugger.enable');
  const patterns = ['^node:', '^internal', path.basename(__filename)];
  session.post('Debugger.setBlackboxPatterns', {patterns});
  session.post('Debugger.setPauseOnExceptions', {state: 'all'});
  session.post('Debugger.pause', () => threads.parentPort.postMessage('ready'));
}

if (!threads.isMainThread) watch(threads.workerData);
else if (process.argv[2]) runTraced(process.argv[2]);
else traceAll();
