package io.holdfast.restore.replay;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/**
 * The nftables table of one loopback.
 *
 * <p>Its packets pass connection tracking by, both ways: tracked, they would make entries without the sequence
 * adjustment the connection needs later. A rule that asks for the state of a connection keeps tracking switched on
 * in the network namespace, which it otherwise is not (net/netfilter/nf_conntrack_proto.c, nf_ct_netns_get).
 */
final class LoopbackFilter {
    private static final int TIMEOUT_SECONDS = 10;

    private LoopbackFilter() {
    }

    /** Puts the table in place of one a dead predecessor left, in one transaction. */
    static void install(String device) {
        String table = table(device);
        run("""
                table ip %1$s
                delete table ip %1$s
                table ip %1$s {
                  chain arriving { type filter hook prerouting priority raw; iifname "%2$s" notrack; }
                  chain leaving { type filter hook output priority raw; oifname "%2$s" notrack; }
                  chain tracking { type filter hook prerouting priority filter; ct state new counter; }
                }
                """.formatted(table, device));
    }

    static void remove(String device) {
        run("table ip %1$s\ndelete table ip %1$s\n".formatted(table(device)));
    }

    private static String table(String device) {
        return "loopback_" + device.replaceAll("[^A-Za-z0-9]", "_");
    }

    private static void run(String script) {
        try {
            Process nft = new ProcessBuilder("nft", "-f", "-").redirectErrorStream(true).start();
            nft.getOutputStream().write(script.getBytes(StandardCharsets.UTF_8));
            nft.getOutputStream().close();
            String output = new String(nft.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!nft.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
                nft.destroyForcibly();
                throw new IllegalStateException("nft did not end within " + TIMEOUT_SECONDS + " s");
            }
            if (nft.exitValue() != 0) {
                throw new IllegalStateException("nft refused the loopback's table: " + output.trim());
            }
        } catch (IOException e) {
            throw new IllegalStateException("cannot run nft", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while nft ran", e);
        }
    }
}
