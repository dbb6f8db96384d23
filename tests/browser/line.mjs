// The line between a page and the house, in the test's hand: late by some time each way, or holding everything back. (The
// browser's own slow network does not reach WebSockets.)
export async function lineOf(page) {
  let open = () => undefined;
  let may = Promise.resolve();
  const line = {
    delay: 0,
    hold() { may = new Promise((done) => { open = done; }); },
    release() { open(); },
  };
  /** One direction: everything goes on in its order. */
  const way = () => {
    let last = Promise.resolve();
    return (send) => {
      const due = Date.now() + line.delay;
      last = last.then(async () => {
        if (due > Date.now()) await new Promise((done) => { setTimeout(done, due - Date.now()); });
        await may;
        send();
      }).catch(() => undefined);      // the page or the house has hung up meanwhile
    };
  };
  await page.routeWebSocket(/\/api\/v1\/pads\/ws\//, (socket) => {
    const server = socket.connectToServer();
    const [out, back] = [way(), way()];
    socket.onMessage((message) => out(() => server.send(message)));
    server.onMessage((message) => back(() => socket.send(message)));
  });
  return line;
}
