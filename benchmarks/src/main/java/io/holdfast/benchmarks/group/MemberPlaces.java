package io.holdfast.benchmarks.group;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;

/** Where the members of a group are, and which one this is. Immutable. */
record MemberPlaces(String self, List<Place> all) {

    /** One member's name and address; it may use as many ports from its own on as {@link #PORTS} says. */
    record Place(String name, String host, int port) {
        static final int PORTS = 10;

        InetSocketAddress address() {
            return new InetSocketAddress(host, port);
        }

        InetAddress inet() throws UnknownHostException {
            return InetAddress.getByName(host);
        }

        String text() {
            return name + "@" + host + "@" + port;
        }
    }

    static MemberPlaces parse(String self, String... places) {
        return new MemberPlaces(self, Arrays.stream(places).map(text -> text.split("@"))
                .map(part -> new Place(part[0], part[1], Integer.parseInt(part[2]))).toList());
    }

    Place own() {
        return all.get(number());
    }

    int number() {
        return all.stream().map(Place::name).toList().indexOf(self);
    }
}
