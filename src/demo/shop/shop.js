// Keeps the two lines of the "live" page moving; every other page works without it.
const line = (id, text) => { document.getElementById(id).textContent = text; };

if (document.getElementById("ticks")) {
  const events = new EventSource("/events");
  events.addEventListener("tick", (event) => line("ticks", event.data));
  events.onerror = () => line("ticks", "Verbindung verloren, neuer Versuch läuft …");

  let socket;
  const connect = () => {
    socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/echo");
    socket.onopen = () => line("echo", "verbunden");
    socket.onmessage = (event) => line("echo", event.data);
    socket.onclose = () => { line("echo", "getrennt, neuer Versuch in 2 s"); setTimeout(connect, 2000); };
  };
  connect();
  document.getElementById("say").addEventListener("submit", (event) => {
    event.preventDefault();
    if (socket.readyState === WebSocket.OPEN) socket.send(new FormData(event.target).get("text"));
  });
}
