package io.holdfast.benchmarks.group;

/**
 * What is offered, for how long.
 *
 * @param perSecond entries a second by the clock, or 0: as soon as fewer than {@code inFlight} are under way
 */
record LoadShape(int bytes, int perSecond, int inFlight, int millis) {

    String text() {
        return bytes + " " + perSecond + " " + inFlight + " " + millis;
    }

    static LoadShape parse(String[] words, int from) {
        return new LoadShape(Integer.parseInt(words[from]), Integer.parseInt(words[from + 1]), Integer.parseInt(words[from + 2]),
                Integer.parseInt(words[from + 3]));
    }

    LoadShape lasting(int newMillis) {
        return new LoadShape(bytes, perSecond, inFlight, newMillis);
    }

    String title() {
        return perSecond > 0 ? perSecond + "/s" : inFlight == 1 ? "1 in flight" : "as fast as it goes";
    }
}
