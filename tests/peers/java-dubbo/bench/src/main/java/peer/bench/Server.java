package peer.bench;

import org.apache.dubbo.config.ApplicationConfig;
import org.apache.dubbo.config.ProtocolConfig;
import org.apache.dubbo.config.RegistryConfig;
import org.apache.dubbo.config.ServiceConfig;
import org.apache.dubbo.config.bootstrap.DubboBootstrap;
import org.example.bench.Echo;

/** Serves Echo over the dubbo protocol with Dubbo's defaults. System property: port. */
public class Server {
    public static void main(String[] args) {
        ApplicationConfig application = new ApplicationConfig("java-bench");
        application.setQosEnable(false);
        ProtocolConfig protocol = new ProtocolConfig("dubbo", Integer.getInteger("port", 20880));
        protocol.setHost("127.0.0.1");

        ServiceConfig<Echo> service = new ServiceConfig<>();
        service.setInterface(Echo.class);
        service.setRef(data -> data);

        DubboBootstrap bootstrap = DubboBootstrap.getInstance()
                .application(application)
                .registry(new RegistryConfig("N/A"))
                .protocol(protocol)
                .service(service);
        bootstrap.start();
        System.out.println("SERVER READY dubbo://127.0.0.1:" + protocol.getPort());
        bootstrap.await();
    }
}
