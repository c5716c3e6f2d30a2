package io.holdfast.node.admin;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpContext;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpPrincipal;

import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;

/**
 * Owned by the thread that answers: one HTTP/1.1 request (RFC 9112) and its answer, after which the connection ends. As much
 * of HTTP as the nodes, the command line and curl need: a head of bounded length and a body of announced, bounded length.
 */
final class OneRequest extends HttpExchange {
    private static final int MAX_HEAD_BYTES = 16 << 10;
    private static final int MAX_BODY_BYTES = 64 << 10;

    private final Socket socket;
    private final OutputStream out;
    private final Headers requestHeaders = new Headers();
    private final Headers responseHeaders = new Headers();
    private String method;
    private URI uri;
    private InputStream body;
    private int responseCode = -1;

    private OneRequest(Socket socket, OutputStream out) {
        this.socket = socket;
        this.out = new BufferedOutputStream(out, 1 << 16);
    }

    /**
     * Reads it whole.
     *
     * @param out the socket's
     * @throws IOException when it is none; the other side has been told
     */
    static OneRequest read(Socket socket, OutputStream out) throws IOException {
        OneRequest request = new OneRequest(socket, out);
        try {
            request.readHead(socket.getInputStream());
            request.readBody(socket.getInputStream());
        } catch (IllegalArgumentException e) {
            request.sendResponseHeaders(400, -1);
            request.close();
            throw new IOException("not a request: " + e.getMessage(), e);
        }
        return request;
    }

    private void readHead(InputStream in) throws IOException {
        String[] lines = head(in).split("\r\n");
        String[] first = lines[0].split(" ");
        if (first.length != 3 || !first[2].startsWith("HTTP/1.")) {
            throw new IllegalArgumentException("its first line is '" + lines[0] + "'");
        }
        method = first[0];
        uri = URI.create(first[1]);
        for (String line : List.of(lines).subList(1, lines.length)) {
            int colon = line.indexOf(':');
            if (colon < 1) {
                throw new IllegalArgumentException("a header is '" + line + "'");
            }
            requestHeaders.add(line.substring(0, colon), line.substring(colon + 1).strip());
        }
    }

    /** Byte by byte, not to take any of the body; it is a few hundred, out of TLS's own buffer. */
    private static String head(InputStream in) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        int ends = 0; // how much of CR LF CR LF was seen
        while (ends < 4) {
            int next = in.read();
            if (next < 0) {
                throw new EOFException("no whole request");
            }
            if (head.size() == 0 && !Character.isLetter(next)) { // TLS for one begins with 22 and waits for an answer
                throw new IllegalArgumentException("its first byte is " + next);
            }
            if (head.size() == MAX_HEAD_BYTES) {
                throw new IllegalArgumentException("its head is longer than " + MAX_HEAD_BYTES + " bytes");
            }
            head.write(next);
            ends = next == (ends % 2 == 0 ? '\r' : '\n') ? ends + 1 : next == '\r' ? 1 : 0;
        }
        return head.toString(StandardCharsets.ISO_8859_1);
    }

    private void readBody(InputStream in) throws IOException {
        if (requestHeaders.containsKey("Transfer-Encoding")) {
            throw new IllegalArgumentException("a body without its length before it");
        }
        String announced = requestHeaders.getFirst("Content-Length");
        int length = announced == null ? 0 : Integer.parseInt(announced);
        if (length < 0 || length > MAX_BODY_BYTES) {
            throw new IllegalArgumentException("a body of " + length + " bytes");
        }
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException("no whole request");
        }
        body = new ByteArrayInputStream(bytes);
    }

    @Override
    public Headers getRequestHeaders() {
        return requestHeaders;
    }

    @Override
    public Headers getResponseHeaders() {
        return responseHeaders;
    }

    @Override
    public URI getRequestURI() {
        return uri;
    }

    @Override
    public String getRequestMethod() {
        return method;
    }

    @Override
    public InputStream getRequestBody() {
        return body;
    }

    @Override
    public OutputStream getResponseBody() {
        return out;
    }

    /** With length 0 the body ends with the connection. */
    @Override
    public void sendResponseHeaders(int code, long length) throws IOException {
        if (responseCode != -1) {
            throw new IOException("answered already");
        }
        responseCode = code;
        StringBuilder head = new StringBuilder("HTTP/1.1 ").append(code).append(" \r\nConnection: close\r\n");
        if (length != 0) {
            head.append("Content-Length: ").append(Math.max(0, length)).append("\r\n");
        }
        responseHeaders.forEach((name, values) -> values.forEach(value -> head.append(name).append(": ").append(value)
                .append("\r\n")));
        out.write(head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Sends what was written; the connection itself is the caller's. */
    @Override
    public void close() {
        try {
            out.flush();
        } catch (IOException gone) {
            // Whoever asked does not wait for the answer any more.
        }
    }

    @Override
    public InetSocketAddress getRemoteAddress() {
        return (InetSocketAddress) socket.getRemoteSocketAddress();
    }

    @Override
    public InetSocketAddress getLocalAddress() {
        return (InetSocketAddress) socket.getLocalSocketAddress();
    }

    @Override
    public int getResponseCode() {
        return responseCode;
    }

    @Override
    public String getProtocol() {
        return "HTTP/1.1";
    }

    @Override
    public HttpContext getHttpContext() {
        return null;
    }

    @Override
    public Object getAttribute(String name) {
        return null;
    }

    @Override
    public void setAttribute(String name, Object value) {
        throw new IllegalStateException("a request carries no attributes");
    }

    @Override
    public void setStreams(InputStream in, OutputStream outward) {
        throw new IllegalStateException("the streams are the connection's");
    }

    @Override
    public HttpPrincipal getPrincipal() {
        return null;
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%s %s", method, uri);
    }
}
