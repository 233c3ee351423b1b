package org.example.shop;

import java.math.BigDecimal;
import org.apache.dubbo.config.ApplicationConfig;
import org.apache.dubbo.config.ProtocolConfig;
import org.apache.dubbo.config.RegistryConfig;
import org.apache.dubbo.config.ServiceConfig;
import org.apache.dubbo.config.bootstrap.DubboBootstrap;
import org.example.orders.Order;
import org.example.orders.Orders;
import org.example.orders.OutOfStock;

/**
 * The provider of the page on the first consumer.
 *
 * System properties: port and registry, such as zookeeper://127.0.0.1:2181.
 */
public class Shop implements Orders {
    private static final int TEAPOTS = 3;

    @Override public Order find(long number) {
        if (number != 7) return null;
        Order.Line line = new Order.Line();
        line.setArticle("teapot");
        line.setAmount(2);
        line.setPrice(new BigDecimal("24.90"));
        Order order = new Order();
        order.setNumber(7);
        order.setCustomer("Ada");
        order.setState(Order.State.PAID);
        order.getLines().add(line);
        return order;
    }

    @Override public long place(Order order) throws OutOfStock {
        for (Order.Line line : order.getLines()) {
            if (line.getAmount() > TEAPOTS) throw new OutOfStock(line.getArticle(), TEAPOTS);
        }
        return 8;
    }

    public static void main(String[] args) {
        ApplicationConfig application = new ApplicationConfig("shop");
        application.setQosEnable(false);
        ProtocolConfig protocol = new ProtocolConfig("dubbo", Integer.getInteger("port", 20880));
        protocol.setHost("127.0.0.1");
        ServiceConfig<Orders> service = new ServiceConfig<>();
        service.setInterface(Orders.class);
        service.setRef(new Shop());
        DubboBootstrap.getInstance()
                .application(application)
                .registry(new RegistryConfig(System.getProperty("registry")))
                .protocol(protocol)
                .service(service)
                .start();
        System.out.println("PROVIDER READY");
        DubboBootstrap.getInstance().await();
    }
}
