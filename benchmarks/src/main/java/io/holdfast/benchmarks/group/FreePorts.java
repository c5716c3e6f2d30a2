package io.holdfast.benchmarks.group;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/** Finds places for members on 127.0.0.1, below the range the kernel gives to outgoing connections. Has no state. */
final class FreePorts {
    private static final String LOOPBACK = "127.0.0.1";

    private FreePorts() {
    }

    static List<MemberPlaces.Place> onLoopback() throws IOException {
        List<MemberPlaces.Place> places = new ArrayList<>();
        while (places.size() < 3) {
            int port = ThreadLocalRandom.current().nextInt(1_000, 3_200) * MemberPlaces.Place.PORTS;
            boolean used = places.stream().anyMatch(place -> place.port() == port);
            if (!used && isFree(port)) {
                places.add(new MemberPlaces.Place("n" + (places.size() + 1), LOOPBACK, port));
            }
        }
        return places;
    }

    private static boolean isFree(int port) throws IOException {
        for (int offset = 0; offset < MemberPlaces.Place.PORTS; offset++) {
            try (ServerSocket probe = new ServerSocket(port + offset, 1, InetAddress.getByName(LOOPBACK))) {
                probe.getLocalPort();
            } catch (BindException taken) {
                return false;
            }
        }
        return true;
    }
}
