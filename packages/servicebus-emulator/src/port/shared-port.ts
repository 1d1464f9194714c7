import { createServer as createHttpServer, type Server as HttpServer, type RequestListener } from "node:http";
import { createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createServer as createTlsServer, type Server as TlsServer } from "node:tls";
import { createWebSocketStream, WebSocketServer } from "ws";
import type { Certificate } from "./certificate.ts";
import { protocolOf } from "./protocol.ts";

/** The path on which clients speak AMQP over WebSocket, and the name of that protocol. */
const WEB_SOCKET_PATH = "/$servicebus/websocket";
const WEB_SOCKET_PROTOCOL = "AMQPWSB10";

/** How long a connection may say nothing at first, in ms. */
const SILENCE = 60_000;

/** Who serves the connections of a port. */
export interface Services {
  amqp(stream: Duplex): void;
  readonly http: RequestListener;
  /** Called when the first client speaks TLS. */
  certificate(): Promise<Certificate>;
}

/** AMQP and HTTP on one port, with TLS or without it, and AMQP over WebSocket. */
export class SharedPort {
  readonly #services: Services;
  readonly #server: Server;
  readonly #http: HttpServer;
  readonly #webSockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (protocols) => (protocols.has(WEB_SOCKET_PROTOCOL) ? WEB_SOCKET_PROTOCOL : false),
  });
  readonly #sockets = new Set<Socket>();
  #tls: Promise<TlsServer> | undefined;

  constructor(services: Services) {
    this.#services = services;
    // Without NODELAY a small frame waits for the acknowledgement of the one before.
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    this.#http = createHttpServer(services.http);
    this.#http.on("upgrade", (request, stream, head) => {
      if (request.url?.split("?", 1)[0] !== WEB_SOCKET_PATH) {
        stream.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n");
        return;
      }
      this.#webSockets.handleUpgrade(request, stream, head, (webSocket) =>
        services.amqp(createWebSocketStream(webSocket)),
      );
    });
  }

  /** Returns the port; 0 asks for a free one. */
  async listen(port: number, host: string): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, resolve);
    });
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : port;
  }

  /** Ends all connections without a word. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Ends all connections, and takes no more. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.cut();
    });
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    this.#route(socket);
  }

  /** Waits for the first bytes, gives them back, and hands the connection to who speaks its protocol. */
  #route(socket: Socket): void {
    // Until the connection has an owner, an error means only that it is over.
    const ignore = (): void => undefined;
    socket.on("error", ignore);
    socket.setTimeout(SILENCE, () => socket.destroy());
    socket.once("data", (bytes) => {
      socket.setTimeout(0);
      socket.pause();
      socket.unshift(bytes);
      switch (protocolOf(bytes)) {
        case "amqp":
          this.#services.amqp(socket);
          break;
        case "http":
          this.#http.emit("connection", socket);
          break;
        case "tls":
          void this.#startTls(socket);
          return;
        case undefined:
          socket.destroy();
          return;
      }
      socket.resume();
    });
  }

  async #startTls(socket: Socket): Promise<void> {
    try {
      this.#tls ??= this.#createTlsServer();
      (await this.#tls).emit("connection", socket);
    } catch {
      socket.destroy();
    }
  }

  async #createTlsServer(): Promise<TlsServer> {
    const server = createTlsServer(await this.#services.certificate(), (socket) => this.#route(socket));
    // The client does not trust the certificate, or does not speak TLS after all.
    server.on("tlsClientError", (_error, socket) => socket.destroy());
    return server;
  }
}
