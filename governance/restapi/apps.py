from django.apps import AppConfig


class RESTAPIConfig(AppConfig):
    name = "governance.restapi"
    label = "restapi"
    verbose_name = "REST API"
