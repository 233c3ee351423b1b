package org.example.orders;

/** The orders of a shop. */
public interface Orders {
    /**
     * Finds an order.
     *
     * @param number its number
     * @return the order, or null if there is none
     */
    Order find(long number);

    /**
     * Places an order.
     *
     * @param order its lines and customer
     * @return its number
     * @throws OutOfStock if the shop has not as much of an article
     */
    long place(Order order) throws OutOfStock;
}
