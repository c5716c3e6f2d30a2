package io.holdfast.consensus;

import java.io.IOException;

/** How the runner thread waits for something to do; with real connections it is their input that ends the wait. */
interface Doze {
    /** Runner, between two turns: waits until there is input or somebody wakes it, so long at most. */
    void await(long nanos) throws IOException;

    /** Runner, in its turn: hands over the input there is, without waiting. */
    void takeIn() throws IOException;

    /** Any thread. Ends the wait that is under way, or the next one. */
    void wake();
}
