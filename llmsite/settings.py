"""Settings. Every value that may differ between machines comes from the environment."""

import os
from pathlib import Path

from csp.constants import NONCE, SELF

from llmkit.types import PRECISIONS
from llmsite import env

BASE_DIR = Path(__file__).resolve().parent.parent
env.env.read_env(str(BASE_DIR / ".env"), recurse=False)

DATA_DIR = env.data_dir(BASE_DIR / "data")
MODELS_DIR = DATA_DIR / "models"
EMBEDDINGS_DIR = DATA_DIR / "embeddings" / "all-MiniLM-L6-v2"

DEBUG = env.read("bool", "DEBUG", False)
HTTPS = env.read("bool", "HTTPS", False)
HOST = env.read("str", "HOST", "127.0.0.1")
PORT = env.integer("PORT", 8000, low=1, high=65535)
ENGINE_PORT = env.integer("ENGINE_PORT", 8001, low=1, high=65535)
THREADS = env.integer("THREADS", max(1, (os.cpu_count() or 2) // 2), low=1, high=1024)
RUNS_NICE = env.integer("RUNS_NICE", 10, low=0, high=19)
RUNS_AT_ONCE = env.integer("RUNS_AT_ONCE", 1, low=1, high=64)
SECRET_KEY = env.secret_key(DATA_DIR)
ALLOWED_HOSTS = env.read("list", "ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.urls("CSRF_TRUSTED_ORIGINS", [])

ENGINE_URLS = env.urls("ENGINE_URLS", [f"http://127.0.0.1:{ENGINE_PORT}"])
ENGINE_API_KEY = env.read("str", "ENGINE_API_KEY", "")
ENGINE_MAX_RUNNING = env.integer("ENGINE_MAX_RUNNING", 8, low=1, high=512)
ENGINE_MAX_WAITING = env.integer("ENGINE_MAX_WAITING", 64, low=0, high=10000)
ENGINE_DTYPE = env.one_of("ENGINE_DTYPE", list(PRECISIONS))
ENGINE_MEMORY = env.size("ENGINE_MEMORY", "0") or None
ENGINE_BACKEND = env.one_of("ENGINE_BACKEND", ["auto", "inflight", "paged", "plain"])
CHAT_VOTES = env.read("bool", "CHAT_VOTES", True)
ASSUMED_WINDOW = env.integer("ASSUMED_WINDOW", 8192, low=512, high=10_000_000)
DEFAULT_MODEL = env.read("str", "DEFAULT_MODEL", "SmolLM2-135M-Instruct")

INSTALLED_APPS = [
    "servestatic.runserver_nostatic",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "channels",
    "django_htmx",
    "template_partials",
    "axes",
    "csp",
    "rules",
    "accounts",
    "training",
    "feedback",
    "evaluation",
    "chat",
    "api",
    "lifecycle",
    "llmsite",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.acting.ActingMiddleware",
    "accounts.middleware.FirstVisitMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.middleware.RoomsMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "llmsite.urls"
ASGI_APPLICATION = "llmsite.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ],
        },
    },
]

DATABASES = {"default": env.database(DATA_DIR)}
DATABASE_POOL = env.integer("DATABASE_POOL", 40, low=4, high=1000)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.read("str", "REDIS_URL", "")
CHANNEL_LAYERS = {
    "default": (
        {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL]},
        }
        if REDIS_URL
        else {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": 2000}}
    )
}

CELERY_BROKER_URL = env.read("str", "CELERY_BROKER_URL", "filesystem://")
BROKER_DIR = DATA_DIR / "broker"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "rules.permissions.ObjectPermissionBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "accounts:login"

AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "accounts/locked.html"
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if HTTPS else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
X_FRAME_OPTIONS = "DENY"
# The proxy leads to HTTPS; subdomains and the preload list are for the domain's owner to decide.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": [SELF],
        "frame-ancestors": ["'none'"],
    }
}

LANGUAGE_CODE = "en"
USE_I18N = False
TIME_ZONE = env.read("str", "TIME_ZONE", "UTC")
USE_TZ = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "servestatic.storage.CompressedManifestStaticFilesStorage"},
}
SERVESTATIC_USE_FINDERS = DEBUG
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
UPLOADS_DIR = MEDIA_ROOT = DATA_DIR / "uploads"
UPLOAD_MAX_MB = env.integer("UPLOAD_MAX_MB", 10, low=1, high=1000)
LARGEST_REQUEST = max(DATA_UPLOAD_MAX_MEMORY_SIZE, UPLOAD_MAX_MB * 1024 * 1024) + 1024 * 1024
UPLOAD_MAX_FILES = env.integer("UPLOAD_MAX_FILES", 5, low=1, high=50)
UPLOAD_READ_SECONDS = env.integer("UPLOAD_READ_SECONDS", 20, low=1, high=600)
UPLOAD_READ_MEMORY_MB = env.integer("UPLOAD_READ_MEMORY_MB", 512, low=256, high=65536)
MODEL_UPLOAD_LIMIT = env.size("MODEL_UPLOAD_LIMIT", "20GB")
DATASET_UPLOAD_LIMIT = env.size("DATASET_UPLOAD_LIMIT", "2GB")
DATASET_READ_SECONDS = env.integer("DATASET_READ_SECONDS", 1800, low=1, high=86_400)
DATASET_READ_MEMORY_MB = env.integer("DATASET_READ_MEMORY_MB", 2048, low=512, high=262_144)

SITE_URL = (env.urls("SITE_URL", CSRF_TRUSTED_ORIGINS) or [f"http://{HOST}:{PORT}"])[0]
EMAIL_HOST = env.read("str", "EMAIL_HOST", "")
EMAIL_PORT = env.integer("EMAIL_PORT", 587, low=1, high=65535)
EMAIL_HOST_USER = env.read("str", "EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.read("str", "EMAIL_HOST_PASSWORD", "")
EMAIL_ENCRYPTION = env.one_of("EMAIL_ENCRYPTION", ["starttls", "tls", "none"])
EMAIL_USE_TLS, EMAIL_USE_SSL = EMAIL_ENCRYPTION == "starttls", EMAIL_ENCRYPTION == "tls"
EMAIL_TIMEOUT = env.integer("EMAIL_TIMEOUT", 10, low=1, high=300)
DEFAULT_FROM_EMAIL = env.read("str", "EMAIL_FROM", EMAIL_HOST_USER or "llmsite@localhost")

# Days; 0 keeps for good. What each covers: llmsite/retention.py and docs/operations.md.
KEEP_CHECKPOINTS_DAYS = env.integer("KEEP_CHECKPOINTS_DAYS", 30, low=0, high=36_500)
KEEP_ANSWERS_DAYS = env.integer("KEEP_ANSWERS_DAYS", 90, low=0, high=36_500)
KEEP_UPLOADS_DAYS = env.integer("KEEP_UPLOADS_DAYS", 7, low=0, high=36_500)
KEEP_LEFTOVERS_DAYS = env.integer("KEEP_LEFTOVERS_DAYS", 30, low=0, high=36_500)
KEEP_CLAIMS_DAYS = env.integer("KEEP_CLAIMS_DAYS", 180, low=0, high=36_500)
KEEP_NOTIFICATIONS_DAYS = env.integer("KEEP_NOTIFICATIONS_DAYS", 90, low=0, high=36_500)

METRICS_TOKEN = env.read("str", "METRICS_TOKEN", "")
LOG_FORMAT = env.one_of("LOG_FORMAT", ["line", "json"])
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(process)d %(message)s",
            "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
        },
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "axes": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        "kombu": {"level": "ERROR"},
    },
}
