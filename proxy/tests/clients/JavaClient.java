import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Redirect;
import java.net.http.HttpClient.Version;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Java's client through the proxy: {@code java JavaClient.java FIRST SECOND}. For HTTP/2 it asks by upgrade. */
public class JavaClient {
    static final byte[] DATA = new byte[3_000_000];

    static HttpRequest.Builder to(String port, String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path));
    }

    static void check(boolean right, Object what) {
        if (!right) throw new AssertionError(what);
    }

    static void use(HttpClient client, String port) throws Exception {
        HttpResponse<String> seen = client.send(to(port, "/headers?a=b").header("X-Case", "Mixed").build(), BodyHandlers.ofString());
        TreeSet<String> names = new TreeSet<>(seen.headers().map().keySet());
        names.removeAll(List.of("date", "x-envoy-upstream-service-time"));
        System.out.println(seen.version() + " " + seen.statusCode() + " " + names + " " + seen.body());
        check(client.send(to(port, "/length/5000000").build(), BodyHandlers.ofByteArray()).body().length == 5_000_000, "length");
        check(client.send(to(port, "/chunks/1000").build(), BodyHandlers.ofLines()).body().count() == 1000, "chunks");
        HttpRequest known = to(port, "/count").PUT(BodyPublishers.ofByteArray(DATA)).build();
        HttpRequest unknown = to(port, "/count").POST(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(DATA))).build();
        HttpRequest expects = to(port, "/count").expectContinue(true).POST(BodyPublishers.ofByteArray(DATA)).build();
        for (HttpRequest request : List.of(known, unknown, expects)) {
            String body = client.send(request, BodyHandlers.ofString()).body();
            check(body.contains("\"length\": 3000000"), body);
        }
        HttpRequest head = to(port, "/length/55").method("HEAD", BodyPublishers.noBody()).build();
        check(client.send(head, BodyHandlers.ofString()).headers().firstValue("content-length").get().equals("55"), "head");
        check(client.send(to(port, "/redirect/3").build(), BodyHandlers.ofString()).statusCode() == 200, "redirect");
        check(client.send(to(port, "/status/204").build(), BodyHandlers.ofString()).statusCode() == 204, "204");
        List<CompletableFuture<HttpResponse<byte[]>>> all = new ArrayList<>();
        for (int number = 0; number < 50; number++) {
            all.add(client.sendAsync(to(port, "/length/" + number * 100).build(), BodyHandlers.ofByteArray()));
        }
        for (int number = 0; number < 50; number++) {
            check(all.get(number).get().body().length == number * 100, number);
        }
    }

    /** Counts the text that comes back, and completes when the server closes. */
    static class Listener implements WebSocket.Listener {
        final StringBuilder text = new StringBuilder();
        final CompletableFuture<Integer> closed = new CompletableFuture<>();

        @Override
        public CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean last) {
            text.append(part);
            socket.request(1);
            return null;
        }

        @Override
        public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
            closed.complete(code);
            return null;
        }
    }

    public static void main(String[] ports) throws Exception {
        for (String port : ports) {
            for (Version version : Version.values()) {
                System.out.println(version + " to " + port);
                use(HttpClient.newBuilder().version(version).followRedirects(Redirect.NORMAL).build(), port);
            }
        }
        Listener listener = new Listener();
        URI uri = URI.create("ws://127.0.0.1:" + ports[0] + "/ws");
        WebSocket socket = HttpClient.newHttpClient().newWebSocketBuilder().buildAsync(uri, listener).get();
        socket.sendText("a".repeat(50_000), true).get();
        socket.sendText("close", true).get();
        System.out.println("websocket " + listener.closed.get() + " " + listener.text.length());
        System.exit(0);
    }
}
